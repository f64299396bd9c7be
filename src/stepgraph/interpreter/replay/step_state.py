"""State of the workflow that the body of a step changes: a replay does not run that body, nor make the change."""

from __future__ import annotations

from typing import Final

import libcst as cst

from stepgraph.interpreter.frame import Frame
from stepgraph.interpreter.interpreter import Interpreter
from stepgraph.interpreter.objects.values import (
    Collection,
    Event,
    EventPart,
    Instance,
    LexicalScope,
    Mapping,
    MethodOf,
    Payload,
    Union,
    Value,
)
from stepgraph.interpreter.replay.event import change_event
from stepgraph.interpreter.replay.replay_state import StateChange, StateKey, StateRead, StateUse
from stepgraph.ir.facts import StateChanged
from stepgraph.syntax.changes import CHANGING
from stepgraph.syntax.module import Place

# Methods that change the list, set or dictionary that they are of.
CHANGING_METHODS: Final = CHANGING | frozenset(
    [
        *("appendleft", "difference_update", "discard", "extendleft", "intersection_update", "popitem", "popleft"),
        *("rotate", "symmetric_difference_update"),
    ]
)
# Those of them that give something of what is in it.
_GIVING: Final = frozenset(["pop", "popitem", "popleft", "setdefault"])


def changes_only(node: cst.Call) -> bool:
    """Whether a call changes a collection and does not tell what is in it: `items.append(x)`."""
    match node.func:
        case cst.Attribute(attr=cst.Name(value=name)):
            return name in CHANGING_METHODS and name not in _GIVING
        case _:
            return False


def change(
    interpreter: Interpreter, changed: cst.BaseExpression, value: Value, place: Place, *, rebound: bool = False
) -> None:
    """Say that something in `changed`, which is `value`, is changed at a place: remembered if a step changes state.

    A name or attribute that is `rebound` is something else from then on.
    """
    if not interpreter.in_step or _is_of_event(value):
        return
    root = _root(changed)
    key = _key(interpreter, root, value if root is changed else None, rebound=rebound and root is changed)
    if key is None or key[0].serial > interpreter.replay.step_since:
        return
    if _is_remembered(interpreter, root):
        interpreter.replay.made_if_missing.add((key[0].serial, key[1]))
        return
    text = interpreter.text(root)
    interpreter.replay.change(key, StateChange(text, place, interpreter.replay.step, interpreter.frame.function))


def bound(interpreter: Interpreter, name: str) -> None:
    """Say that a name is bound in plain code: what steps did to what it was before is of no interest any longer."""
    if interpreter.replay.state_changes:
        key = _slot(interpreter.frame.scope, name)
        if key is not None and key in interpreter.replay.state_changes:
            interpreter.replay.change(key, None)
    if interpreter.loop_depth:
        interpreter.replay.state_reads.append(StateRead(interpreter.frame.scope, name))


def attribute_bound(interpreter: Interpreter, owner: Value, name: str) -> None:
    """Say that an attribute is bound in plain code, which makes it anew."""
    if (
        isinstance(owner, Instance)
        and not interpreter.in_step
        and (owner.state, name) in interpreter.replay.state_changes
    ):
        interpreter.replay.change((owner.state, name), None)


def seen(interpreter: Interpreter, node: cst.Name | cst.Attribute, owner: Value | None, value: Value) -> None:
    """Say that a name, or an attribute of `owner`, is read and is `value`."""
    if interpreter.replay.reporting or interpreter.replay.changing:
        return
    read = StateRead(interpreter.frame.scope, node, owner, value)
    if interpreter.replay.state_changes:
        _seen_changed(interpreter, read, interpreter.place(node))
    if interpreter.loop_depth and interpreter.replays:
        interpreter.replay.state_reads.append(read)


def _seen_changed(interpreter: Interpreter, read: StateRead, place: Place) -> None:
    for key in _keys_of(read):
        found = interpreter.replay.state_changes.get(key)
        if found is None or interpreter.frame.function is found.function:
            continue
        if interpreter.replays or (interpreter.in_step and interpreter.replay.step is not found.step):
            interpreter.replay.state_uses.append(StateUse(key, found, place))


def read_at_next_pass(interpreter: Interpreter, first: int, newest: int) -> None:
    """Say that a loop is over: what it reads before a step of it changes that, it reads changed at its next pass.

    What is newer than the `newest` before the loop is made anew at each pass.
    """
    changes = interpreter.replay.state_changes
    reads: dict[StateKey, StateRead] = {}
    for read in interpreter.replay.state_reads[first:] if changes else ():
        for key in _keys_of(read):
            reads.setdefault(key, read)
    for key, found in changes.items():
        first_read = reads.get(key)
        if first_read is not None and isinstance(first_read.node, cst.CSTNode) and key[0].serial <= newest:
            place = Place(first_read.scope.module, first_read.node)
            interpreter.replay.state_uses.append(StateUse(key, found, place))
    if not interpreter.loop_depth:
        interpreter.replay.state_reads.clear()


def observe_changed_state(interpreter: Interpreter) -> None:
    """Observe where state is read that a step has changed, but for what is made anew wherever it is missing."""
    for use in interpreter.replay.state_uses:
        if (use.key[0].serial, use.key[1]) not in interpreter.replay.made_if_missing:
            interpreter.observe(StateChanged(use.change.changed, use.change.place, use.place))


def _root(node: cst.BaseExpression) -> cst.BaseExpression:
    """Return the name, or the attribute of a name, that an expression begins with."""
    while True:
        match node:
            case cst.Subscript(value=inner):
                node = inner
            case cst.Attribute(value=cst.Attribute() | cst.Subscript() as inner):
                node = inner
            case _:
                return node


def _key(interpreter: Interpreter, root: cst.BaseExpression, value: Value | None, *, rebound: bool) -> StateKey | None:
    """Return what stands for the state that an expression is of; None for what is none of the workflow."""
    match root:
        case cst.Name(value=name):
            slot = _slot(interpreter.frame.scope, name)
            held = slot[0].get(name) if slot is not None and value is None else value
            return slot if slot is None or rebound else _held(held) or slot
        case cst.Attribute(value=cst.Name(value=name), attr=cst.Name(value=attribute)):
            slot = _slot(interpreter.frame.scope, name)
            owner = None if slot is None else slot[0].get(name)
            if not isinstance(owner, Instance):
                return slot
            return (None if rebound else _held(owner.state.get(attribute))) or (owner.state, attribute)
        case _:
            return None


def _keys_of(read: StateRead) -> list[StateKey]:
    """Return what stands for the state that is read: the collection that a name or attribute holds, and what it is."""
    held = _held(read.value)
    if isinstance(read.node, cst.Attribute):
        kept = (read.owner.state, read.node.attr.value) if isinstance(read.owner, Instance) else None
    else:
        kept = _slot(read.scope, read.node if isinstance(read.node, str) else read.node.value)
    return [key for key in (held, kept) if key is not None]


def _held(value: object) -> StateKey | None:
    return (value.state, "") if isinstance(value, Collection | Mapping) else None


def _slot(start: LexicalScope, name: str) -> StateKey | None:
    """Return where a name is held that is local to a function; None for one of a module or class."""
    if name in start.bindings.globals:
        return None
    scope: LexicalScope | None = start
    while scope is not None and not scope.bindings.binds(name):
        scope = scope.parent
    return None if scope is None or scope.kind in ("module", "class") else (scope.names, name)


def _is_remembered(interpreter: Interpreter, root: cst.BaseExpression) -> bool:
    """Whether a change depends on what was there: `if self.client is None: self.client = ...` makes it where needed."""
    text = interpreter.text(root)
    frame: Frame | None = interpreter.frame
    while frame is not None and frame.in_step:
        if any(condition is not None and text in condition for condition in frame.conditions):
            return True
        frame = frame.caller
    return False


def _is_of_event(value: Value) -> bool:
    if isinstance(value, Union):
        return any(_is_of_event(case.value) for case in value.cases)
    return isinstance(value, Event | Payload | EventPart)


def element_changed(interpreter: Interpreter, target: cst.Subscript, owner: Value) -> None:
    """Say that an element of `owner` is assigned or deleted."""
    _changed(interpreter, target.value, owner, interpreter.place(target))


def attribute_changed(interpreter: Interpreter, target: cst.Attribute, owner: Value) -> None:
    """Say that an attribute of `owner` is assigned or deleted."""
    place = interpreter.place(target)
    change_event(interpreter, target.value, owner, place)
    attribute_bound(interpreter, owner, target.attr.value)
    if isinstance(owner, Instance):
        change(interpreter, target, owner.state.get(target.attr.value, owner), place, rebound=True)


def method_called(interpreter: Interpreter, node: cst.Call, callee: Value) -> None:
    """Say that a method is called, which may change what it is of."""
    for method in [case.value for case in callee.cases] if isinstance(callee, Union) else [callee]:
        if isinstance(method, MethodOf) and method.name in CHANGING_METHODS and isinstance(node.func, cst.Attribute):
            _changed(interpreter, node.func.value, method.receiver, interpreter.place(node))


def joined_in_place(interpreter: Interpreter, node: cst.AugAssign, target: Value, value: Value) -> None:
    """Say that `target += value`, or `|=`, is evaluated: it changes lists, sets and dictionaries in place."""
    if isinstance(node.operator, cst.AddAssign | cst.BitOrAssign) and isinstance(value, Collection | Mapping):
        _changed(interpreter, node.target, target, interpreter.place(node.target))


def _changed(interpreter: Interpreter, changed: cst.BaseExpression, value: Value, place: Place) -> None:
    change_event(interpreter, changed, value, place)
    if not isinstance(value, Event | Payload | EventPart):
        change(interpreter, changed, value, place)
