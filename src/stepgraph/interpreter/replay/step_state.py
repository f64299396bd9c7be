"""Workflow state that the body of a step changes. A replay skips the body and therefore the change."""

from __future__ import annotations

from typing import Final

import libcst as cst

from stepgraph.interpreter.frame import Frame
from stepgraph.interpreter.interpreter import Interpreter
from stepgraph.interpreter.objects.private_names import mangle
from stepgraph.interpreter.replay.event import observe_event_change
from stepgraph.interpreter.replay.replay_state import StateChange, StateKey, StateRead, StateUse
from stepgraph.interpreter.values.containers import Collection, Mapping
from stepgraph.interpreter.values.objects import BuiltinMethod, Instance, LexicalScope
from stepgraph.interpreter.values.steps import Event, EventPart, Payload
from stepgraph.interpreter.values.unions import Union
from stepgraph.ir.facts import OuterStateMutated
from stepgraph.ir.values import Value
from stepgraph.syntax.changes import COLLECTION_MUTATORS
from stepgraph.syntax.module import Place

# Methods that mutate their list, set or dictionary.
MUTATING_METHODS: Final = COLLECTION_MUTATORS | frozenset(
    [
        *("appendleft", "difference_update", "discard", "extendleft", "intersection_update", "popitem", "popleft"),
        *("rotate", "symmetric_difference_update"),
    ]
)
# Mutating methods that return an element.
_RETURNING_METHODS: Final = frozenset(["pop", "popitem", "popleft", "setdefault"])


def is_pure_mutation(node: cst.Call) -> bool:
    """Whether a call mutates a collection without reading it: `items.append(x)`."""
    match node.func:
        case cst.Attribute(attr=cst.Name(value=name)):
            return name in MUTATING_METHODS and name not in _RETURNING_METHODS
        case _:
            return False


def record_change(
    interpreter: Interpreter, target: cst.BaseExpression, value: Value, place: Place, *, rebound: bool = False
) -> None:
    """Record a change of state by the body of a step. `target` is the changed expression, `value` its value.

    `rebound` means that a name or attribute is assigned, rather than its object mutated.
    """
    if not interpreter.in_step or _is_event_value(value):
        return
    root = _root(target)
    key = _state_key(interpreter, root, value if root is target else None, rebound=rebound and root is target)
    if key is None or key[0].serial > interpreter.replay.step_since:
        return
    if _is_lazy_initialization(interpreter, root):
        interpreter.replay.lazily_initialized.add((key[0].serial, key[1]))
        return
    text = interpreter.text(root)
    interpreter.replay.change(key, StateChange(text, place, interpreter.replay.step, interpreter.frame.function))


def record_binding(interpreter: Interpreter, name: str) -> None:
    """Record that plain code binds a name, which discards earlier changes by steps."""
    if interpreter.replay.state_changes:
        key = _local_slot(interpreter.frame.scope, name)
        if key is not None and key in interpreter.replay.state_changes:
            interpreter.replay.change(key, None)
    if interpreter.loop_depth:
        interpreter.replay.state_reads.append(StateRead(interpreter.frame.scope, name))


def _record_attribute_binding(interpreter: Interpreter, owner: Value, name: str) -> None:
    """Record that plain code binds an attribute, which discards earlier changes by steps."""
    if (
        isinstance(owner, Instance)
        and not interpreter.in_step
        and (owner.state, name) in interpreter.replay.state_changes
    ):
        interpreter.replay.change((owner.state, name), None)


def record_read(interpreter: Interpreter, node: cst.Name | cst.Attribute, owner: Value | None, value: Value) -> None:
    """Record a read of a name, or of an attribute of `owner`."""
    if interpreter.replay.logging_only or interpreter.replay.evaluating_target:
        return
    read = StateRead(interpreter.frame.scope, node, owner, value)
    if interpreter.replay.state_changes:
        _record_use(interpreter, read, interpreter.place(node))
    if interpreter.loop_depth and interpreter.replays:
        interpreter.replay.state_reads.append(read)


def _record_use(interpreter: Interpreter, read: StateRead, place: Place) -> None:
    for key in _read_keys(read):
        state_change = interpreter.replay.state_changes.get(key)
        if state_change is None or interpreter.frame.function is state_change.function:
            continue
        if interpreter.replays or (interpreter.in_step and interpreter.replay.step is not state_change.step):
            interpreter.replay.state_uses.append(StateUse(key, state_change, place))


def record_reads_of_next_iteration(interpreter: Interpreter, first: int, newest: int) -> None:
    """Record reads in a finished loop that observe a step's change at the next iteration.

    `first` is the index of the first read in the loop. Cells newer than `newest` are recreated at each iteration.
    """
    changes = interpreter.replay.state_changes
    reads: dict[StateKey, StateRead] = {}
    for read in interpreter.replay.state_reads[first:] if changes else ():
        for key in _read_keys(read):
            reads.setdefault(key, read)
    for key, state_change in changes.items():
        first_read = reads.get(key)
        if first_read is not None and isinstance(first_read.node, cst.CSTNode) and key[0].serial <= newest:
            place = Place(first_read.scope.module, first_read.node)
            interpreter.replay.state_uses.append(StateUse(key, state_change, place))
    if not interpreter.loop_depth:
        interpreter.replay.state_reads.clear()


def observe_changed_state(interpreter: Interpreter) -> None:
    """Observe the reads of state that a step has changed, except lazily initialized state."""
    for use in interpreter.replay.state_uses:
        if (use.key[0].serial, use.key[1]) not in interpreter.replay.lazily_initialized:
            interpreter.observe(OuterStateMutated(use.change.target, use.change.place, use.place))


def _root(node: cst.BaseExpression) -> cst.BaseExpression:
    """Return the name, or the attribute of a name, at the start of an expression."""
    while True:
        match node:
            case cst.Subscript(value=inner):
                node = inner
            case cst.Attribute(value=cst.Attribute() | cst.Subscript() as inner):
                node = inner
            case _:
                return node


def _state_key(
    interpreter: Interpreter, root: cst.BaseExpression, value: Value | None, *, rebound: bool
) -> StateKey | None:
    """Return the key of the workflow state that an expression refers to, None for other state."""
    match root:
        case cst.Name(value=name):
            slot = _local_slot(interpreter.frame.scope, name)
            contents = slot[0].get(name) if slot is not None and value is None else value
            return slot if slot is None or rebound else _collection_key(contents) or slot
        case cst.Attribute(value=cst.Name(value=name), attr=cst.Name(value=attribute)):
            slot = _local_slot(interpreter.frame.scope, name)
            owner = None if slot is None else slot[0].get(name)
            if not isinstance(owner, Instance):
                return slot
            attribute = mangle(interpreter.frame.scope, attribute)
            return (None if rebound else _collection_key(owner.state.get(attribute))) or (owner.state, attribute)
        case _:
            return None


def _read_keys(read: StateRead) -> list[StateKey]:
    """Return the keys of the state that is read: the collection, and the name or attribute that refers to it."""
    collection_key = _collection_key(read.value)
    if isinstance(read.node, cst.Attribute):
        slot = (
            (read.owner.state, mangle(read.scope, read.node.attr.value)) if isinstance(read.owner, Instance) else None
        )
    else:
        slot = _local_slot(read.scope, read.node if isinstance(read.node, str) else read.node.value)
    return [key for key in (collection_key, slot) if key is not None]


def _collection_key(value: object) -> StateKey | None:
    return (value.state, "") if isinstance(value, Collection | Mapping) else None


def _local_slot(innermost: LexicalScope, name: str) -> StateKey | None:
    """Return the slot of a name that is local to a function, None for a name of a module or class."""
    if name in innermost.bindings.globals:
        return None
    scope: LexicalScope | None = innermost
    while scope is not None and not scope.bindings.binds(name):
        scope = scope.parent
    return None if scope is None or scope.kind in ("module", "class") else (scope.names, name)


def _is_lazy_initialization(interpreter: Interpreter, root: cst.BaseExpression) -> bool:
    """Whether a condition around a change tests the same state: `if self.client is None: self.client = ...`."""
    text = interpreter.text(root)
    frame: Frame | None = interpreter.frame
    while frame is not None and frame.in_step:
        if any(condition is not None and text in condition for condition in frame.conditions):
            return True
        frame = frame.caller
    return False


def _is_event_value(value: Value) -> bool:
    if isinstance(value, Union):
        return any(_is_event_value(case.value) for case in value.cases)
    return isinstance(value, Event | Payload | EventPart)


def record_element_change(interpreter: Interpreter, target: cst.Subscript, owner: Value) -> None:
    """Record the assignment or deletion of an element of `owner`."""
    _record_mutation(interpreter, target.value, owner, interpreter.place(target))


def record_attribute_change(interpreter: Interpreter, target: cst.Attribute, owner: Value) -> None:
    """Record the assignment or deletion of an attribute of `owner`."""
    place = interpreter.place(target)
    observe_event_change(interpreter, target.value, owner, place)
    name = mangle(interpreter.frame.scope, target.attr.value)
    _record_attribute_binding(interpreter, owner, name)
    if isinstance(owner, Instance):
        record_change(interpreter, target, owner.state.get(name, owner), place, rebound=True)


def record_method_call(interpreter: Interpreter, node: cst.Call, callee: Value) -> None:
    """Record a method call that may mutate its receiver."""
    for method in [case.value for case in callee.cases] if isinstance(callee, Union) else [callee]:
        if (
            isinstance(method, BuiltinMethod)
            and method.name in MUTATING_METHODS
            and isinstance(node.func, cst.Attribute)
        ):
            _record_mutation(interpreter, node.func.value, method.receiver, interpreter.place(node))


def record_in_place_operator(interpreter: Interpreter, node: cst.AugAssign, target: Value, value: Value) -> None:
    """Record an evaluation of `target += value` or `|=`, which mutates collections in place."""
    if isinstance(node.operator, cst.AddAssign | cst.BitOrAssign) and isinstance(value, Collection | Mapping):
        _record_mutation(interpreter, node.target, target, interpreter.place(node.target))


def _record_mutation(interpreter: Interpreter, target: cst.BaseExpression, value: Value, place: Place) -> None:
    observe_event_change(interpreter, target, value, place)
    if not isinstance(value, Event | Payload | EventPart):
        record_change(interpreter, target, value, place)
