"""The code of a module or class itself, as far as it decides what a name stands for.

It has run before any function does: what it changes is never taken back.
"""

from __future__ import annotations

from collections.abc import Sequence

import libcst as cst
from msgspec.structs import replace

from stepgraph.program.lowering.binders import taken
from stepgraph.program.lowering.definitions import doubt_of_decorator, make_class, make_function
from stepgraph.program.lowering.imports import imported
from stepgraph.program.lowering.machine import Machine
from stepgraph.program.values import (
    UNKNOWN,
    Alternatives,
    Collection,
    Constant,
    Foreign,
    ForeignMember,
    FunctionValue,
    LexicalScope,
    Mapping,
    Option,
    Unknown,
    Value,
)
from stepgraph.syntax.changes import changed_in_functions
from stepgraph.syntax.module import SourceModule
from stepgraph.syntax.walk import expressions_below, statements, statements_below


def bound_value(machine: Machine, scope: LexicalScope, name: str, binders: Sequence[cst.CSTNode]) -> Value:
    """Return what a name stands for once all that binds it has run, in the order in which it stands.

    What is bound on some paths only is one of several values. The name means what it did before while it is bound.
    """
    possible = taken(machine, scope.module, _body(scope), binders) if len(binders) > 1 else binders
    certain = scope.bindings.certain
    own = _of_own_code(machine, scope, name, possible)
    ways: list[Value] = []
    for binder in own:
        before = _one_of(machine, name, ways, binder)
        scope.names[name] = before
        value = _bound_by(machine, scope, name, binder, before)
        ways = [value] if id(binder) in certain else [*ways, value]
    value = _one_of(machine, name, ways, binders[0])
    # None is what a name holds until a function gives it something.
    return UNKNOWN if value == Constant(None) and len(own) < len(possible) else value


def _of_own_code(
    machine: Machine, scope: LexicalScope, name: str, binders: Sequence[cst.CSTNode]
) -> Sequence[cst.CSTNode]:
    """Return the binders without those of functions that say `global`, which run later if at all."""
    if scope.kind != "module" or not scope.module.mentions(b"global"):
        return binders
    own = scope.module.once(_own_statements)
    kept = [binder for binder in binders if id(binder) in own or isinstance(binder, cst.NamedExpr)]
    if kept and len(kept) < len(binders) and any(isinstance(binder, cst.FunctionDef | cst.ClassDef) for binder in kept):
        machine.note(
            "assigned-elsewhere",
            machine.place(kept[-1]),
            f"functions assign to `{name}`, so what it is when it is used is not known.",
            "The graph shows what is defined here.",
        )
    return kept


def _own_statements(module: SourceModule) -> frozenset[int]:
    """Return the identities of the statements of a module that stand in no function or class."""
    return frozenset(id(statement) for statement in statements_below(module.tree))


def apply_changes(machine: Machine, scope: LexicalScope, name: str, value: Collection | Mapping) -> None:
    """Do to a collection what the statements around its making do to it: `STEPS.append(b)`, `STEPS["b"] = b`.

    Where functions do it, all that calls functions has to be run: `@register`, `setup()`.
    """
    for statement in scope.bindings.changes.get(name, ()):
        _execute(machine, statement)
    if scope.kind == "module" and name in scope.module.once(changed_in_functions):
        value.state.changed = True
        _run(machine, scope)


def _run(machine: Machine, scope: LexicalScope) -> None:
    """Run the calls in a module's own code, and the decorators of what it defines."""
    if scope in machine.modules.ran:
        return
    machine.modules.ran.append(scope)
    for statement in statements(scope.module.tree):
        match statement:
            case cst.FunctionDef(name=cst.Name(value=name), decorators=[_, *_]) if name not in scope.names:
                scope.names[name] = UNKNOWN
                scope.names[name] = bound_value(machine, scope, name, scope.bindings.binders[name])
            case cst.Expr(value=cst.Call()) | cst.For():
                _execute(machine, statement)


def _execute(machine: Machine, statement: cst.CSTNode) -> None:
    executor = machine.executors.get(type(statement))
    if executor is not None:
        executor(machine, statement)


def _body(scope: LexicalScope) -> cst.BaseSuite | cst.Module:
    return scope.owner.node.body if scope.owner is not None else scope.module.tree


def _one_of(machine: Machine, name: str, ways: Sequence[Value], binder: cst.CSTNode) -> Value:
    """Return whichever of several values it is; of those that lead to no step the first, if there are no others."""
    if len(ways) <= 1:
        return ways[0] if ways else UNKNOWN
    relevant = [value for value in ways if value.relevant]
    if len(relevant) <= 1:
        return relevant[0] if relevant else ways[0]
    options = tuple(Option(f"{name} {number}", value) for number, value in enumerate(relevant, 1))
    return Alternatives(options, name, machine.place(binder))


def _bound_by(machine: Machine, scope: LexicalScope, name: str, binder: cst.CSTNode, before: Value) -> Value:
    match binder:
        case cst.FunctionDef():
            return make_function(machine, binder, scope)
        case cst.ClassDef():
            return make_class(machine, binder, scope)
        case cst.Import() | cst.ImportFrom():
            return imported(machine, binder, name)
        case cst.Assign(targets=targets, value=expression):
            value = machine.evaluate(expression)
            parts = [_part(target.target, value, name) for target in targets]
            found = next((part for part in parts if part is not None), UNKNOWN)
        case cst.AnnAssign(value=cst.BaseExpression() as expression) | cst.NamedExpr(value=expression):
            found = machine.evaluate(expression)
        case cst.AugAssign() if isinstance(before, Collection):
            _execute(machine, binder)
            return before
        case _:
            return UNKNOWN
    is_unknown = isinstance(found, Unknown | Foreign | ForeignMember)
    if is_unknown and isinstance(before, FunctionValue) and _mentions(expression, name):
        # `job = wrap(job)`, as a decorator of which nothing is known.
        return replace(before, doubts=(*before.doubts, doubt_of_decorator(machine.place(expression))))
    return found


def _mentions(expression: cst.BaseExpression, name: str) -> bool:
    return any(isinstance(node, cst.Name) and node.value == name for node in expressions_below(expression))


def _part(target: cst.BaseExpression, value: Value, name: str) -> Value | None:
    """Return what a target gives a name of the value assigned, None where it does not bind it."""
    if isinstance(target, cst.Name):
        return value if target.value == name else None
    if not isinstance(target, cst.Tuple | cst.List):
        return None
    items = value.items if isinstance(value, Collection) and not value.is_set else ()
    known = len(items) == len(target.elements) and not any(item.many for item in items)
    for index, element in enumerate(target.elements):
        found = _part(element.value, items[index].value if known else UNKNOWN, name)
        if found is not None:
            return found
    return None
