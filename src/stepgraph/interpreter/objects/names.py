"""Names: what they stand for, and what binding them does."""

from __future__ import annotations

import builtins
from collections.abc import Sequence

import libcst as cst
from msgspec.structs import replace

from stepgraph.interpreter.interpreter import Interpreter
from stepgraph.interpreter.objects.binding_order import positions_in
from stepgraph.interpreter.objects.module_code import apply_changes, body_of, bound_value
from stepgraph.interpreter.objects.values import (
    UNKNOWN,
    Caveat,
    Collection,
    External,
    FunctionValue,
    LexicalScope,
    Mapping,
    TaskGroup,
    Template,
    Value,
    hide_constants,
    without_constants,
)
from stepgraph.interpreter.python.star_imports import is_starred_later, starred
from stepgraph.interpreter.replay.step_state import bound
from stepgraph.limits import Limit, LimitExceededError
from stepgraph.syntax.changes import binds_by_computing
from stepgraph.syntax.module import Place

_BUILTINS = frozenset(dir(builtins))


def look_up(interpreter: Interpreter, name: str) -> Value:
    """Return what a name stands for where the machine is reading."""
    scope = _start(interpreter.frame.scope, name)
    at = interpreter.frame.at
    while scope is not None:
        if scope.kind != "class" or scope is interpreter.frame.scope:
            own = scope is interpreter.frame.own or scope is interpreter.frame.scope
            value = (
                _in_scope(interpreter, scope, name, own=own)
                if at is None
                else _in_scope_at(interpreter, scope, name, at)
            )
            if value is not None:
                return value
        at = None if at is None else _around(scope, at)
        scope = scope.parent
    return External(f"builtins.{name}") if name in _BUILTINS else UNKNOWN


def _around(scope: LexicalScope, at: cst.CSTNode) -> cst.CSTNode | None:
    """Return the statement of the scope around another one that a statement of that one is part of."""
    if scope.kind == "class":
        return None if scope.owner is None else scope.owner.node
    return at if scope.kind == "expression" else None


def _in_scope_at(interpreter: Interpreter, scope: LexicalScope, name: str, at: cst.CSTNode) -> Value | None:
    """Return what a name stands for at a statement of a module or class body: what bound it last before that."""
    if interpreter.frame.binding == name and interpreter.frame.own is scope:
        return interpreter.frame.bound_before
    binders = scope.bindings.binders.get(name, ())
    if len(binders) <= 1 or scope.kind not in ("module", "class"):
        return _in_scope(interpreter, scope, name, own=True)
    positions = positions_in(scope.module, body_of(scope))
    here = positions.get(id(at))
    before = [b for b in binders if here is not None and id(b) in positions and positions[id(b)].index < here.index]
    if not before or len(before) == len(binders):
        return module_name(interpreter, scope, name)
    return _bound_before(interpreter, scope, name, before)


def _bound_before(
    interpreter: Interpreter, scope: LexicalScope, name: str, binders: Sequence[cst.CSTNode]
) -> Value | None:
    """Return what a name stands for after the first of several statements that bind it."""
    known = interpreter.modules.bound_before
    key = (scope, name, len(binders))
    if key not in known:
        interpreter.budget.spend(Limit.ELEMENTS, len(binders))
        now = scope.names.pop(name, None)
        with interpreter.in_own_code(scope):
            value = bound_value(interpreter, scope, name, binders)
        scope.names.pop(name, None)
        if now is not None:
            scope.names[name] = now
        known[key] = None if value is None else _kept(scope, name, value)
    return known[key]


def _start(scope: LexicalScope, name: str) -> LexicalScope | None:
    start: LexicalScope | None = scope
    if name in scope.bindings.globals:
        while start is not None and start.kind != "module":
            start = start.parent
    return start


def _in_scope(interpreter: Interpreter, scope: LexicalScope, name: str, *, own: bool) -> Value | None:
    if scope.kind in ("module", "class"):
        return module_name(interpreter, scope, name)
    value = scope.names.get(name)
    if value is None and not scope.bindings.binds(name):
        return None
    if not own:
        interpreter.store.observe(scope.names, name)
        if isinstance(value, Collection | Mapping | TaskGroup):
            interpreter.store.observe(value.state, "items")
    elif isinstance(value, Collection | Mapping) and value.state.serial < scope.names.serial:
        interpreter.store.reads.add((value.state.serial, "items"))
    return UNKNOWN if value is None else value


def bind(interpreter: Interpreter, name: str, value: Value) -> None:
    """Bind a name in the scope being read. Only a name that is bound once keeps a constant."""
    scope = binding_scope(interpreter.frame.scope, name)
    interpreter.store.write(scope.names, name, _kept(scope, name, value))
    if interpreter.replays and (interpreter.replay.state_changes or interpreter.loop_depth):
        bound(interpreter, name)


def _kept(scope: LexicalScope, name: str, value: Value) -> Value:
    """Return what a name holds of a value: a constant only if it is the only value that the name is ever given."""
    if isinstance(value, Template):
        return without_constants(value)
    if scope.bindings.binds_constant(name) or isinstance(value, External):
        return value
    return hide_constants(value)


def binding_scope(scope: LexicalScope, name: str) -> LexicalScope:
    """Return the scope whose variable a name is, where it is assigned to in a scope."""
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


def module_name(interpreter: Interpreter, scope: LexicalScope, name: str) -> Value | None:
    """Return what a name of a module or class body stands for; its statement is read the first time it is asked for."""
    known: Value | None = scope.names.get(name)
    if known is not None:
        return known
    binders = scope.bindings.binders.get(name)
    if not binders or is_starred_later(interpreter, scope, name):
        return starred(interpreter, scope, name) if scope.bindings.stars and name not in _BUILTINS else None
    scope.names[name] = UNKNOWN  # what a definition in terms of itself sees
    try:
        return _module_name(interpreter, scope, name, binders)
    except LimitExceededError as error:
        if error.limit is Limit.BASES:
            del scope.names[name]  # whoever asks again is told again
        else:
            interpreter.stop(error, Place(scope.module, binders[0]))
        raise


def _module_name(
    interpreter: Interpreter, scope: LexicalScope, name: str, binders: Sequence[cst.CSTNode]
) -> Value | None:
    with interpreter.in_own_code(scope):
        bound_now = bound_value(interpreter, scope, name, binders)
        if bound_now is None:
            del scope.names[name]
            return None
        value = _kept(scope, name, bound_now)
        if scope.kind == "module" and interpreter.modules.is_assigned_elsewhere(scope, name):
            value = _reassigned(interpreter, scope, name, value)
        elif scope.kind == "module" and scope.module.once(binds_by_computing):
            value = value if isinstance(value, External) else hide_constants(value)
        scope.names[name] = value
        if isinstance(value, Collection | Mapping):
            apply_changes(interpreter, scope, name, value)
    return value


def _reassigned(interpreter: Interpreter, scope: LexicalScope, name: str, value: Value) -> Value:
    """What code assigns to from outside of its module is not known: no constant, and maybe another function."""
    if isinstance(value, Collection | Mapping):
        value.state.changed = True
        held = [item.value for item in (value.items if isinstance(value, Collection) else value.entries)]
        if not held or any(inner.relevant for inner in held):
            report_assigned_elsewhere(interpreter, scope, name)
        return hide_constants(value)
    return replaced_elsewhere(interpreter, scope, name, value) if value.relevant else hide_constants(value)


def replaced_elsewhere(interpreter: Interpreter, scope: LexicalScope, name: str, value: Value) -> Value:
    """Return what is defined in a module or class, and replaced by code outside of it: of a function, one in doubt."""
    if isinstance(value, FunctionValue):
        return replace(value, caveats=(*value.caveats, _caveat_of_replaced(scope, name)))
    report_assigned_elsewhere(interpreter, scope, name)
    return value


def report_assigned_elsewhere(interpreter: Interpreter, scope: LexicalScope, name: str) -> None:
    """Report what is defined in a module or class, and replaced by code outside of it."""
    interpreter.report_caveat(_caveat_of_replaced(scope, name))


def _caveat_of_replaced(scope: LexicalScope, name: str) -> Caveat:
    return Caveat(
        "assigned-elsewhere",
        Place(scope.module, scope.bindings.binders[name][0]),
        f"`{name}` is changed by code elsewhere, so what it is when it is used is not known.",
        "The graph shows what is defined here.",
        may_be_another=True,
    )
