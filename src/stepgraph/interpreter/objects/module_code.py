"""The code of a module or class itself, as far as it decides what a name stands for.

It has run before any function does: what it changes is never taken back.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import takewhile
from typing import Final

import libcst as cst
from msgspec import Struct
from msgspec.structs import replace

from stepgraph.interpreter.interpreter import Interpreter, execute_unknown
from stepgraph.interpreter.joining import MOST_CASES, leaves
from stepgraph.interpreter.objects.binding_order import (
    Position,
    at_run_time,
    clauses,
    fails,
    positions_in,
    surely_fails,
    surely_runs,
)
from stepgraph.interpreter.objects.values import (
    DEEPEST,
    UNKNOWN,
    Case,
    Collection,
    Constant,
    ExternalResult,
    ExternalResultMember,
    FunctionValue,
    LexicalScope,
    Mapping,
    StepFunction,
    Union,
    Unknown,
    Unresolved,
    Value,
)
from stepgraph.interpreter.python.definitions import caveat_of_decorator, make_class, make_function
from stepgraph.interpreter.python.imports import imported
from stepgraph.limits import Limit
from stepgraph.syntax.aliases import aliases_of
from stepgraph.syntax.changes import changed_in_functions, functions_that_change
from stepgraph.syntax.module import Place, SourceModule
from stepgraph.syntax.walk import Enclosing, expressions_below, statements, statements_below, suites


def bound_value(
    interpreter: Interpreter, scope: LexicalScope, name: str, binders: Sequence[cst.CSTNode]
) -> Value | None:
    """Return the value of a name after all of its binders have run, in the order of the source; None if it has none.

    A name that some paths bind is one of several values. A binder sees the value before it.
    """
    if len(binders) == 1 and id(binders[0]) in scope.bindings.certain:
        return _Body(interpreter, scope, name, {}).bound(binders[0], None)
    positions = positions_in(scope.module, body_of(scope))
    running = at_run_time(binders, positions)
    own = _of_own_code(scope, running)
    value = _Body(interpreter, scope, name, positions).after(_with_changes(scope, name, own, positions), 0, None)
    if value is None and len(own) == len(running) and isinstance(own[-1], cst.Del):
        return None
    if len(own) < len(running):
        _report_assigned_by_functions(interpreter, name, own, value)
    # None is what a name holds until a function gives it something.
    return UNKNOWN if value is None or (value == Constant(None) and len(own) < len(running)) else value


def _with_changes(
    scope: LexicalScope, name: str, binders: Sequence[cst.CSTNode], positions: dict[int, Position]
) -> Sequence[cst.CSTNode]:
    """Return the binders of a name, and in between the statements that change the collection that it is bound to."""
    changes = scope.bindings.changes.get(name, ()) if len(binders) > 1 else ()
    if not changes or any(id(binder) not in positions for binder in binders):
        return binders
    last = positions[id(binders[-1])].index
    around = {id(enclosing.statement) for binder in binders for enclosing in positions[id(binder)].around}
    between = [c for c in changes if positions[id(c)].index < last and id(c) not in around]
    return sorted([*binders, *between], key=lambda statement: positions[id(statement)].index)


class _Body(Struct):
    """The statements of a module or class body that bind one name."""

    interpreter: Interpreter
    scope: LexicalScope
    name: str
    positions: dict[int, Position]

    def after(self, binders: Sequence[cst.CSTNode], depth: int, before: Value | None) -> Value | None:
        """Return the value of the name after statements in a block so deep in others, which all run; None for none."""
        value, index = before, 0
        while index < len(binders):
            binder = binders[index]
            around = self._around(binder)
            if len(around) <= depth:
                bound = self.bound(binder, value)
                is_statement = id(binder) in self.positions
                value = bound if is_statement else self._one_of([value, bound], binder)
                index += 1
                continue
            statement = around[depth].statement
            group = list(takewhile(partial(self._is_in, statement, depth), binders[index:]))
            value = self._after_compound(statement, group, depth, value)
            index += len(group)
        return value

    def _around(self, binder: cst.CSTNode) -> tuple[Enclosing, ...]:
        position = self.positions.get(id(binder))
        return () if position is None else position.around

    def _is_in(self, statement: cst.CSTNode, depth: int, binder: cst.CSTNode) -> bool:
        around = self._around(binder)
        return len(around) > depth and around[depth].statement is statement

    def _after_compound(
        self, statement: cst.CSTNode, group: Sequence[cst.CSTNode], depth: int, before: Value | None
    ) -> Value | None:
        def after(suite: cst.BaseSuite | None, start: Value | None) -> Value | None:
            inside = [binder for binder in group if self._around(binder)[depth].suite is suite]
            return self.after(inside, depth + 1, start)

        match statement:
            case cst.If():
                return self._after_if(statement, [(test, after(suite, before)) for test, suite in clauses(statement)])
            case cst.Try() | cst.TryStar():
                tried = [binder for binder in group if self._around(binder)[depth].suite is statement.body]
                return self._after_try(statement, after, before, tried)
            case cst.With():
                value = after(statement.body, before)
                if surely_runs(self.interpreter, statement.body):
                    return value
                return self._one_of([value, before, *self._passed(group)], statement)
            case _:
                ways = [after(suite, before) for suite in suites(statement)]
                return self._one_of([before, *ways], statement)

    def _after_if(
        self, statement: cst.If, ways: Sequence[tuple[cst.BaseExpression | None, Value | None]]
    ) -> Value | None:
        texts = [None if test is None else self.interpreter.text(test) for test, _ in ways]
        return self._one_of([value for _, value in ways], statement, texts)

    def _after_try(
        self,
        statement: cst.Try | cst.TryStar,
        after: Callable[[cst.BaseSuite | None, Value | None], Value | None],
        before: Value | None,
        tried: Sequence[cst.CSTNode],
    ) -> Value | None:
        """All of what is tried runs, and the `else`, or a handler does; handlers that raise again bind nothing."""
        ways: list[Value | None] = []
        if not surely_fails(self.interpreter, statement.body):
            value = after(statement.body, before)
            ways.append(value if statement.orelse is None else after(statement.orelse.body, value))
        if not surely_runs(self.interpreter, statement.body):
            cut = self._one_of([before, *self._passed(tried)], statement)
            ways += [after(handler.body, cut) for handler in statement.handlers if not fails(handler.body)]
        value = self._one_of(ways, statement)
        return value if statement.finalbody is None else after(statement.finalbody.body, value)

    def _passed(self, binders: Sequence[cst.CSTNode]) -> Iterator[Value | None]:
        """Yield what statements that were executed bound the name to: an error may come after any of them."""
        keys = ((self.scope, self.name, id(binder)) for binder in binders)
        return (self.interpreter.modules.bound[key] for key in keys if key in self.interpreter.modules.bound)

    def bound(self, binder: cst.CSTNode, before: Value | None) -> Value | None:
        """Return what a statement binds the name to. It runs once, however often what it bound is asked for."""
        if isinstance(binder, cst.Del):
            return None
        bound = self.interpreter.modules.bound
        key = (self.scope, self.name, id(binder))
        if key not in bound:
            self.scope.names[self.name] = UNKNOWN if before is None else before
            bound[key] = self._executed(binder, before)
        return bound[key]

    def _executed(self, binder: cst.CSTNode, before: Value | None) -> Value:
        frame = self.interpreter.frame
        outer = frame.at, frame.binding, frame.bound_before
        frame.at, frame.binding, frame.bound_before = binder, self.name, before
        value = _bound_by(self.interpreter, self.scope, self.name, binder, UNKNOWN if before is None else before)
        frame.at, frame.binding, frame.bound_before = outer
        return value

    def _one_of(
        self, ways: Sequence[Value | None], node: cst.CSTNode, conditions: Sequence[str | None] | None = None
    ) -> Value | None:
        """Return whichever of several values it is; of those that lead to no step the first that is not None."""
        bound = [value for value in ways if value is not None]
        relevant = [(index, value) for index, value in enumerate(ways) if value is not None and value.relevant]
        if not relevant:
            return next((value for value in bound if value != Constant(None)), bound[0] if bound else None)
        if all(value == relevant[0][1] for _, value in relevant):
            return relevant[0][1]
        if conditions is not None:
            cases = [Case(conditions[index], value) for index, value in relevant]
            return self._limited(Union(tuple(cases), None, self.interpreter.place(node)))
        different = dict.fromkeys(part for _, value in relevant for part in self._parts(value))
        numbered = [Case(f"{self.name} {number}", value) for number, value in enumerate(different, 1)]
        return self._limited(Union(tuple(numbered), self.name, self.interpreter.place(node)))

    def _parts(self, value: Value) -> list[Value]:
        """Return the values that one is a choice of without a condition."""
        if not isinstance(value, Union) or value.discriminant != self.name:
            return [value]
        self.interpreter.budget.spend(Limit.ELEMENTS, len(value.cases))
        return [case.value for case in value.cases]

    def _limited(self, union: Union) -> Value:
        self.interpreter.budget.spend(Limit.ELEMENTS, union.size)
        if union.size <= MOST_CASES:
            return union
        return Unresolved("it may be any one of very many", union.place)


def _of_own_code(scope: LexicalScope, binders: Sequence[cst.CSTNode]) -> Sequence[cst.CSTNode]:
    """Return the binders without those of functions that say `global`, which run later if at all."""
    if scope.kind != "module" or not scope.module.mentions(b"global"):
        return binders
    own = scope.module.once(_own_statements)
    return [binder for binder in binders if id(binder) in own or isinstance(binder, cst.NamedExpr)]


def _report_assigned_by_functions(
    interpreter: Interpreter, name: str, own: Sequence[cst.CSTNode], value: Value | None
) -> None:
    """Report a function or class that functions replace: `global charge`."""
    is_defined = any(isinstance(binder, cst.FunctionDef | cst.ClassDef) for binder in own)
    if own and (is_defined or any(isinstance(leaf, FunctionValue | StepFunction) for leaf in leaves(value))):
        interpreter.note(
            "assigned-elsewhere",
            interpreter.place(own[-1]),
            f"functions assign to `{name}`, so what it is when it is used is not known.",
            "The graph shows what is defined here.",
        )


def _own_statements(module: SourceModule) -> frozenset[int]:
    """Return the identities of the statements of a module that stand in no function or class."""
    return frozenset(id(statement) for statement in statements_below(module.tree))


def apply_changes(interpreter: Interpreter, scope: LexicalScope, name: str, value: Collection | Mapping) -> None:
    """Do to a collection what the statements around its making do to it: `STEPS.append(b)`, `STEPS["b"] = b`.

    Where functions do it, all that calls functions has to be run: `@register`, `setup()`.
    """
    for statement in scope.bindings.changes.get(name, ()):
        if (scope, name, id(statement)) not in interpreter.modules.bound:
            _execute(interpreter, statement)
    if not value.state.changed and _may_change_elsewhere(interpreter, scope, name, value):
        value.state.changed = True
        if _runs_steps(value):
            interpreter.note(
                "assigned-elsewhere",
                Place(scope.module, scope.bindings.binders[name][0]),
                f"`{name}` may be changed under another name, in a way that is not followed.",
                "The graph shows what is defined here.",
            )
    if name in scope.module.once(changed_in_functions):
        value.state.changed = True
        _run_importing(interpreter, scope, name)


def _run_importing(interpreter: Interpreter, scope: LexicalScope, name: str) -> None:
    """Run a module, and those in which its functions may be called to fill a collection of it."""
    callers = scope.module.once(functions_that_change).get(name, frozenset())
    words = [caller.encode() for caller in callers]
    for other in [interpreter.modules.scope_of(scope.module), *interpreter.modules.in_import_order()]:
        if other.module is scope.module or any(map(other.module.mentions, words)):
            with interpreter.in_own_code(other):
                _run(interpreter, other)
        if any(map(other.module.mentions, _DYNAMIC_IMPORTS)):
            interpreter.note(
                "assigned-elsewhere",
                Place(scope.module, scope.bindings.binders[name][0]),
                f"`{name}` may be changed by modules that are imported by a name which is not statically known.",
                "The graph shows what is seen to fill it; import those modules by name.",
            )


_DYNAMIC_IMPORTS: Final = (b"import_module(", b"__import__(", b"pkgutil", b"entry_points")


def _may_change_elsewhere(interpreter: Interpreter, scope: LexicalScope, name: str, value: Value) -> bool:
    """Whether a collection may be written to by another name than its own, in its module or one that has it."""
    modules = [scope.module]
    if scope.kind == "module":
        word = name.encode()
        others = [module for module, other in interpreter.modules.scopes.items() if _may_import(other, name)]
        modules += [module for module in others if module is not scope.module and module.mentions(word)]
    levels = _levels(value)
    spend = partial(interpreter.budget.spend, Limit.ELEMENTS)
    return any(module.once(aliases_of).may_change(name, levels, spend) for module in modules)


def _may_import(scope: LexicalScope, name: str) -> bool:
    """Whether a name may be that of another module: no statement of this one defines it."""
    return all(isinstance(binder, cst.Import | cst.ImportFrom) for binder in scope.bindings.binders.get(name, ()))


def _runs_steps(value: Value, depth: int = 0) -> bool:
    """Whether something in a collection can lead to a step."""
    if not isinstance(value, Collection | Mapping):
        return value.relevant
    if depth > DEEPEST:
        return True
    return any(_runs_steps(element.value, depth + 1) for element in value.state.elements())


def _levels(value: Value, depth: int = 1) -> int:
    """Return how deep collections are in a collection."""
    if not isinstance(value, Collection | Mapping):
        return depth - 1
    if depth > DEEPEST:
        return depth
    return max((_levels(element.value, depth + 1) for element in value.state.elements()), default=depth)


def _run(interpreter: Interpreter, scope: LexicalScope) -> None:
    """Run the calls in a module's own code, and the decorators of what it defines."""
    if scope in interpreter.modules.ran:
        return
    interpreter.modules.ran.append(scope)
    for statement in statements(scope.module.tree):
        match statement:
            case cst.FunctionDef(name=cst.Name(value=name), decorators=[_, *_]):
                _define(interpreter, scope, name)
            case cst.ClassDef(name=cst.Name(value=name), decorators=[_, *_]):
                _define(interpreter, scope, name)
            case cst.Expr(value=cst.Call()) | cst.For():
                _execute(interpreter, statement)


def _define(interpreter: Interpreter, scope: LexicalScope, name: str) -> None:
    """Define a function or class, which runs its decorators, unless that was done."""
    if name not in scope.names:
        scope.names[name] = UNKNOWN
        scope.names[name] = bound_value(interpreter, scope, name, scope.bindings.binders[name])


def _execute(interpreter: Interpreter, statement: cst.CSTNode) -> None:
    outer, interpreter.frame.at = interpreter.frame.at, statement
    interpreter.executors.get(type(statement), execute_unknown)(interpreter, statement)
    interpreter.frame.at = outer


def body_of(scope: LexicalScope) -> cst.BaseSuite | cst.Module:
    """Return the body of a module or class."""
    return scope.owner.node.body if scope.owner is not None else scope.module.tree


def _bound_by(interpreter: Interpreter, scope: LexicalScope, name: str, binder: cst.CSTNode, before: Value) -> Value:
    match binder:
        case cst.FunctionDef():
            return make_function(interpreter, binder, scope)
        case cst.ClassDef():
            return make_class(interpreter, binder, scope)
        case cst.Import() | cst.ImportFrom():
            return imported(interpreter, binder, name)
        case cst.Assign(targets=targets, value=expression):
            value = interpreter.evaluate(expression)
            parts = [_part(target.target, value, name) for target in targets]
            found = next((part for part in parts if part is not None), UNKNOWN)
        case cst.AnnAssign(value=cst.BaseExpression() as expression) | cst.NamedExpr(value=expression):
            found = interpreter.evaluate(expression)
        case _ if isinstance(before, Collection | Mapping) and binder in scope.bindings.changes.get(name, ()):
            _execute(interpreter, binder)
            return before
        case cst.AugAssign() if isinstance(before, Collection):
            _execute(interpreter, binder)
            return before
        case _:
            return UNKNOWN
    is_unknown = isinstance(found, Unknown | ExternalResult | ExternalResultMember)
    if is_unknown and isinstance(before, FunctionValue) and _mentions(expression, name):
        # `job = wrap(job)`, as a decorator of which nothing is known.
        return replace(before, caveats=(*before.caveats, caveat_of_decorator(interpreter.place(expression))))
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
