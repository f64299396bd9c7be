"""Names: what they stand for, and what binding them does."""

from __future__ import annotations

import builtins

import libcst as cst

from stepgraph.program.lowering.binders import Provider, taken
from stepgraph.program.lowering.definitions import make_class, make_function
from stepgraph.program.lowering.imports import imported, starred
from stepgraph.program.lowering.machine import Frame, Machine
from stepgraph.program.values import (
    UNKNOWN,
    Alternatives,
    Collection,
    Constant,
    External,
    LexicalScope,
    Mapping,
    Option,
    TaskGroup,
    Template,
    Value,
    hidden,
)
from stepgraph.syntax.walk import statements

_BUILTINS = frozenset(dir(builtins))


def look_up(machine: Machine, name: str) -> Value:
    """Return what a name stands for where the machine is reading."""
    scope = _start(machine.frame.scope, name)
    while scope is not None:
        if scope.kind != "class" or scope is machine.frame.scope:
            own = scope is machine.frame.own or scope is machine.frame.scope
            value = _in_scope(machine, scope, name, own=own)
            if value is not None:
                return value
        scope = scope.parent
    return External(f"builtins.{name}") if name in _BUILTINS else UNKNOWN


def _start(scope: LexicalScope, name: str) -> LexicalScope | None:
    start: LexicalScope | None = scope
    if name in scope.bindings.globals:
        while start is not None and start.kind != "module":
            start = start.parent
    return start


def _in_scope(machine: Machine, scope: LexicalScope, name: str, *, own: bool) -> Value | None:
    value = scope.names.get(name)
    if scope.kind in ("module", "class"):
        return value if value is not None else module_name(machine, scope, name)
    if value is None and not scope.bindings.binds(name):
        return None
    if not own:
        machine.store.observe(scope.names, name)
        if isinstance(value, Collection | Mapping | TaskGroup):
            machine.store.observe(value.state, "items")
    return UNKNOWN if value is None else value


def bind(machine: Machine, name: str, value: Value) -> None:
    """Bind a name in the scope being read. Only a name that is bound once keeps a constant."""
    scope = _binding_scope(machine.frame.scope, name)
    machine.store.write(scope.names, name, _kept(scope, name, value))


def _kept(scope: LexicalScope, name: str, value: Value) -> Value:
    """Return what a name holds of a value: a constant only if it is the only value that the name is ever given."""
    if isinstance(value, Template):
        return UNKNOWN
    if scope.bindings.binds_constant(name) or isinstance(value, External):
        return value
    # None is not a value to show, but what a callable that is not there looks like.
    return value if value == Constant(None) else hidden(value)


def _binding_scope(scope: LexicalScope, name: str) -> LexicalScope:
    target = scope
    while target.kind == "expression" and target.parent is not None and not target.bindings.binds(name):
        target = target.parent
    scope = target
    if name in scope.bindings.globals:
        while target.parent is not None:
            target = target.parent
    elif name in scope.bindings.nonlocals and scope.parent is not None:
        target = scope.parent
        while target.parent is not None and not target.bindings.binds(name):
            target = target.parent
    return target


def module_name(machine: Machine, scope: LexicalScope, name: str) -> Value | None:
    """Return what a name of a module or class body stands for; its statement is read the first time it is asked for."""
    binders = scope.bindings.binders.get(name)
    if not binders:
        return starred(machine, scope, name) if scope.bindings.stars and name not in _BUILTINS else None
    scope.names[name] = UNKNOWN  # what a definition in terms of itself sees
    mark = machine.store.mark()
    with machine.in_frame(Frame(scope)), machine.nested():
        value = _bound_by(machine, scope, name, binders)
    machine.store.settle(mark)  # it has run when the module was loaded, whichever way the program goes
    scope.names[name] = value
    return value


def _provided(machine: Machine, scope: LexicalScope, name: str, providers: list[Provider]) -> Value:
    """Return what a name stands for that is defined or imported once or, on different paths, several times."""
    top = {id(statement) for statement in statements(_body(scope))}
    certain = [index for index, node in enumerate(providers) if id(node) in top]
    values = [_from(machine, scope, name, node) for node in providers[certain[-1] if certain else 0 :]]
    if len(values) == 1 or not any(value.relevant for value in values):
        return values[0]
    options = tuple(Option(f"{name} {n}", value) for n, value in enumerate(values, 1))
    return Alternatives(options, name, machine.place(providers[-len(values)]))


def _body(scope: LexicalScope) -> cst.BaseSuite | cst.Module:
    return scope.owner.node.body if scope.owner is not None else scope.module.tree


def _from(machine: Machine, scope: LexicalScope, name: str, provider: Provider) -> Value:
    if isinstance(provider, cst.Import | cst.ImportFrom):
        return imported(machine, provider, name)
    return definition(machine, scope, provider)


def _bound_by(machine: Machine, scope: LexicalScope, name: str, binders: list[cst.CSTNode]) -> Value:
    possible = taken(machine, _body(scope), binders) if len(binders) > 1 else binders
    providers = [b for b in possible if isinstance(b, cst.FunctionDef | cst.ClassDef | cst.Import | cst.ImportFrom)]
    if providers:
        return _kept(scope, name, _provided(machine, scope, name, providers))
    if len(binders) > 1:
        return UNKNOWN
    match binders[0]:
        case cst.Assign(targets=targets, value=expression):
            value = machine.evaluate(expression)
            parts = [_part(target.target, value, name) for target in targets]
            found = next((part for part in parts if part is not None), UNKNOWN)
        case cst.AnnAssign(value=cst.BaseExpression() as expression) | cst.NamedExpr(value=expression):
            found = machine.evaluate(expression)
        case _:
            return UNKNOWN
    return _kept(scope, name, found)


def _part(target: cst.BaseExpression, value: Value, name: str) -> Value | None:
    """Return what a target gives a name of the value assigned, None where it does not bind it."""
    if isinstance(target, cst.Name):
        return value if target.value == name else None
    if not isinstance(target, cst.Tuple | cst.List):
        return None
    items = value.items if isinstance(value, Collection) and value.kind != "set" else ()
    known = len(items) == len(target.elements) and not any(item.many for item in items)
    for index, element in enumerate(target.elements):
        found = _part(element.value, items[index].value if known else UNKNOWN, name)
        if found is not None:
            return found
    return None


def definition(machine: Machine, scope: LexicalScope, node: cst.FunctionDef | cst.ClassDef) -> Value:
    """Return the function or class that a statement defines, decorated."""
    if isinstance(node, cst.FunctionDef):
        return make_function(machine, node, scope)
    return make_class(machine, node, scope)
