"""Changes that a replay loses: changes of workflow state in step bodies, and changes of the event of `run`."""

from __future__ import annotations

from typing import Final

import libcst as cst

from stepgraph.interpreter.frame import Frame
from stepgraph.interpreter.interpreter import Interpreter
from stepgraph.interpreter.replay.replay_state import ReplayState, StateRead, StateUse
from stepgraph.interpreter.replay.tracer import StateChange, StateKey
from stepgraph.interpreter.values.calls import Arguments
from stepgraph.interpreter.values.containers import Collection, Mapping
from stepgraph.interpreter.values.objects import BuiltinMethod, LexicalScope, ProjectObject, mangle
from stepgraph.interpreter.values.steps import Event, EventPart, Payload
from stepgraph.interpreter.values.unions import Union
from stepgraph.ir.facts import EventKeyAccess, KeyUse, PayloadKeyAccess
from stepgraph.ir.replay_facts import EventMutated, OuterStateMutated
from stepgraph.ir.values import Constant, Value
from stepgraph.syntax.module import SourcePlace
from stepgraph.syntax.mutation.changes import COLLECTION_MUTATORS, MUTATING_FUNCTIONS

# Mutating methods that return an element.
_RETURNING_METHODS: Final = frozenset(["pop", "popitem", "popleft", "setdefault"])
_MODULES_OF_MUTATORS: Final = frozenset(["_bisect", "bisect", "heapq", "operator", "random"])
_PURE_MUTATORS: Final = frozenset(COLLECTION_MUTATORS) - _RETURNING_METHODS


def is_pure_mutation(node: cst.Call) -> bool:
    """Return whether a call mutates a collection without reading it, as `items.append(x)` does."""
    function = node.func
    return type(function) is cst.Attribute and function.attr.value in _PURE_MUTATORS


def record_change(
    replay: ReplayState, target: cst.BaseExpression, value: Value, place: SourcePlace, *, rebound: bool = False
) -> None:
    """Record a change of state by a step body. `target` is the changed expression and `value` its value.

    With `rebound`, the step assigns a name or attribute, as opposed to mutating its object.
    """
    if not replay.interpreter.in_step or _is_event_value(value):
        return
    root = root_of(target)
    key = _state_key(replay, root, value if root is target else None, rebound=rebound and root is target)
    if key is None or key[0].serial > replay.step_since:
        return
    if _is_lazy_initialization(replay, root):
        replay.lazily_initialized.add((key[0].serial, key[1]))
        return
    text = replay.interpreter.text(root)
    interpreter = replay.interpreter
    name = root.value if isinstance(root, cst.Attribute) else root
    in_module = isinstance(name, cst.Name) and is_global(interpreter.frame.scope, name.value)
    replay.change(key, StateChange(text, place, replay.step, interpreter.frame.function, interpreter.calls, in_module))


def record_binding(replay: ReplayState, name: str) -> None:
    """Record that code outside of steps binds a name, which discards earlier changes by steps."""
    if replay.state_changes:
        key = slot_of(replay.interpreter.frame.scope, name)
        if key is not None and key in replay.state_changes:
            replay.change(key, None)
    if replay.interpreter.loop_depth:
        replay.state_reads.append(StateRead(replay.interpreter.frame.scope, name))


def _record_attribute_binding(replay: ReplayState, owner: Value, name: str) -> None:
    """Record that code outside of steps binds an attribute, which discards earlier changes by steps."""
    if (
        isinstance(owner, ProjectObject)
        and not replay.interpreter.in_step
        and (owner.state, name) in replay.state_changes
    ):
        replay.change((owner.state, name), None)


def record_read(replay: ReplayState, node: cst.Name | cst.Attribute, owner: Value | None, value: Value) -> None:
    """Record a read of a name, or of an attribute of `owner`."""
    if replay.logging_only.depth or replay.target.depth:
        return
    read = StateRead(replay.interpreter.frame.scope, node, owner, value)
    if replay.state_changes:
        _record_use(replay, read, replay.interpreter.place(node))
    if replay.interpreter.loop_depth and replay.interpreter.replays:
        replay.state_reads.append(read)


def _record_use(replay: ReplayState, read: StateRead, place: SourcePlace) -> None:
    for key in _read_keys(read):
        state_change = replay.state_changes.get(key)
        if state_change is None or replay.interpreter.frame.function is state_change.function:
            continue
        is_other_step = replay.interpreter.in_step and replay.step is not state_change.step
        if replay.interpreter.replays or (is_other_step and not state_change.is_global):
            replay.state_uses.append(StateUse(key, state_change, place))


def record_reads_of_next_iteration(replay: ReplayState, first: int, newest: int) -> None:
    """Record the reads in a finished loop that see a step's change in the next iteration.

    `first` is the index of the first read in the loop. Cells newer than `newest` are created again in each iteration.
    """
    changes = replay.state_changes
    reads: dict[StateKey, StateRead] = {}
    for read in replay.state_reads[first:] if changes else ():
        for key in _read_keys(read):
            reads.setdefault(key, read)
    for key, state_change in changes.items():
        first_read = reads.get(key)
        if first_read is not None and isinstance(first_read.node, cst.CSTNode) and key[0].serial <= newest:
            place = SourcePlace(first_read.scope.module, first_read.node)
            replay.state_uses.append(StateUse(key, state_change, place))
    if not replay.interpreter.loop_depth:
        replay.state_reads.clear()


def observe_changed_state(replay: ReplayState) -> None:
    """Record a fact for each read of state that a step has changed, except lazily initialized state."""
    for use in replay.state_uses:
        if (use.key[0].serial, use.key[1]) not in replay.lazily_initialized:
            replay.interpreter.observe(
                OuterStateMutated(
                    use.change.target, use.change.place, use.place, use.change.calls, use.change.is_global
                )
            )


def root_of(node: cst.BaseExpression) -> cst.BaseExpression:
    """Return the name, or the attribute of a name, at the start of an expression."""
    while True:
        match node:
            case cst.Subscript(value=inner):
                node = inner
            case cst.Attribute(value=cst.Attribute() | cst.Subscript() as inner):
                node = inner
            case _:
                return node


def _state_key(replay: ReplayState, root: cst.BaseExpression, value: Value | None, *, rebound: bool) -> StateKey | None:
    """Return the key of the workflow state that an expression refers to. Return None if it refers to anything else."""
    match root:
        case cst.Name(value=name):
            slot = slot_of(replay.interpreter.frame.scope, name)
            contents = slot[0].get(name) if slot is not None and value is None else value
            return slot if slot is None or rebound else collection_key(contents) or slot
        case cst.Attribute(value=cst.Name(value=name), attr=cst.Name(value=attribute)):
            slot = slot_of(replay.interpreter.frame.scope, name)
            owner = None if slot is None else slot[0].get(name)
            if not isinstance(owner, ProjectObject):
                # Other uses of an imported module or a class do not read the changed attribute.
                return None if is_global(replay.interpreter.frame.scope, name) else slot
            attribute = mangle(replay.interpreter.frame.scope, attribute)
            return (None if rebound else collection_key(owner.state.get(attribute))) or (owner.state, attribute)
        case _:
            return None


def _read_keys(read: StateRead) -> list[StateKey]:
    """Return the keys of the state that is read: the collection, and the name or attribute that holds it."""
    collection = collection_key(read.value)
    if isinstance(read.node, cst.Attribute):
        slot = (
            (read.owner.state, mangle(read.scope, read.node.attr.value))
            if isinstance(read.owner, ProjectObject)
            else None
        )
    else:
        slot = slot_of(read.scope, read.node if isinstance(read.node, str) else read.node.value)
    return [key for key in (collection, slot) if key is not None]


def collection_key(value: object) -> StateKey | None:
    """Return the key of a collection, or None for another value."""
    return (value.state, "") if isinstance(value, Collection | Mapping) else None


def slot_of(innermost: LexicalScope, name: str) -> StateKey | None:
    """Return the slot of a name of a function or module. Return None for other names."""
    scope = _binding_scope(innermost, name)
    return None if scope is None or scope.kind == "class" else (scope.names, name)


def is_global(innermost: LexicalScope, name: str) -> bool:
    """Return whether a name is a variable of a module."""
    scope = _binding_scope(innermost, name)
    return scope is not None and scope.kind == "module"


def _binding_scope(innermost: LexicalScope, name: str) -> LexicalScope | None:
    """Return the scope that binds a name, or None for a builtin."""
    scope: LexicalScope | None = innermost
    if name in innermost.bindings.globals:
        while scope is not None and scope.kind != "module":
            scope = scope.parent
        return scope
    while scope is not None and not scope.bindings.binds(name):
        scope = scope.parent
    return scope


def _is_lazy_initialization(replay: ReplayState, root: cst.BaseExpression) -> bool:
    """Return whether a condition around a change tests the changed state, as in `if self.x is None: self.x = ...`."""
    text = replay.interpreter.text(root)
    frame: Frame | None = replay.interpreter.frame
    while frame is not None and frame.in_step:
        if any(condition.text is not None and text in condition.text for condition in frame.conditions):
            return True
        frame = frame.caller
    return False


def _is_event_value(value: Value) -> bool:
    if isinstance(value, Union):
        return any(_is_event_value(case.value) for case in value.cases)
    return isinstance(value, Event | Payload | EventPart)


def record_element_change(replay: ReplayState, target: cst.Subscript, owner: Value) -> None:
    """Record the assignment or deletion of an element of `owner`."""
    _record_mutation(replay, target.value, owner, replay.interpreter.place(target))


def record_attribute_change(replay: ReplayState, target: cst.Attribute, owner: Value) -> None:
    """Record the assignment or deletion of an attribute of `owner`."""
    place = replay.interpreter.place(target)
    _record_event_change(replay, target.value, owner, place)
    name = mangle(replay.interpreter.frame.scope, target.attr.value)
    _record_attribute_binding(replay, owner, name)
    if isinstance(owner, ProjectObject):
        record_change(replay, target, owner.state.get(name, owner), place, rebound=True)


def record_method_call(replay: ReplayState, node: cst.Call, callee: Value) -> None:
    """Record a method call that may mutate its receiver."""
    for method in [case.value for case in callee.cases] if isinstance(callee, Union) else [callee]:
        if (
            isinstance(method, BuiltinMethod)
            and method.name in COLLECTION_MUTATORS
            and isinstance(node.func, cst.Attribute | cst.Name)
        ):
            target = node.func.value if isinstance(node.func, cst.Attribute) else node.func
            _record_mutation(replay, target, method.receiver, replay.interpreter.place(node))


def record_mutating_function(replay: ReplayState, name: str, arguments: Arguments, place: SourcePlace) -> None:
    """Record a call of a function of the standard library that mutates its first argument: `random.shuffle(rows)`."""
    module, _, function = name.rpartition(".")
    if function in MUTATING_FUNCTIONS and module in _MODULES_OF_MUTATORS and arguments.positional:
        mutated = arguments.positional[0]
        if isinstance(mutated.place.node, cst.BaseExpression):
            _record_mutation(replay, mutated.place.node, mutated.value, place)


def record_in_place_operator(replay: ReplayState, node: cst.AugAssign, target: Value, value: Value) -> None:
    """Record an in-place operator such as `target += value`, which mutates a collection."""
    if isinstance(node.operator, cst.AddAssign | cst.BitOrAssign) and isinstance(value, Collection | Mapping):
        _record_mutation(replay, node.target, target, replay.interpreter.place(node.target))


def _record_mutation(replay: ReplayState, target: cst.BaseExpression, value: Value, place: SourcePlace) -> None:
    _record_event_change(replay, target, value, place)
    if not isinstance(value, Event | Payload | EventPart):
        record_change(replay, target, value, place)


def _record_event_change(replay: ReplayState, target: cst.BaseExpression, value: Value, place: SourcePlace) -> None:
    """Record a fact for a change of the event of `run`. `target` is the changed expression and `value` its value."""
    if _is_run_event(value):
        interpreter = replay.interpreter
        replay.record_fact(EventMutated(interpreter.text(target), place, interpreter.in_step, interpreter.calls))


def _is_run_event(value: Value) -> bool:
    if isinstance(value, Union):
        return any(_is_run_event(case.value) for case in value.cases)
    return isinstance(value, EventPart) or (isinstance(value, Event | Payload) and value.is_run_event)


def observe_event_key(
    interpreter: Interpreter, use: KeyUse, event: Value, key: Value, owner: SourcePlace, place: SourcePlace
) -> None:
    """Record a fact for a use of a constant key of an event, or of the payload of `run`."""
    if not isinstance(key, Constant) or not isinstance(key.value, str):
        return
    if isinstance(event, Event):
        interpreter.observe(EventKeyAccess(use, key.value, not event.is_run_event, owner, place))
    elif isinstance(event, Payload) and event.is_run_event:
        _observe_payload_key(interpreter, use, key.value, event, place)


def _observe_payload_key(interpreter: Interpreter, use: KeyUse, key: str, payload: Payload, place: SourcePlace) -> None:
    from stepgraph.syntax.unconditional import is_unconditional

    function = interpreter.frame.function
    if function is None:
        within, always = place, False
    else:
        within = interpreter.place(function)
        always = is_unconditional(place.module, function, place.node)
    interpreter.observe(PayloadKeyAccess(use, key, payload.shape, within, always, place))
