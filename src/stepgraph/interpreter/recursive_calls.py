"""Recursive calls: calls of functions whose bodies are being interpreted.

A recursive call repeats an active call if their arguments are equal, apart from data and from the objects that each
level of the recursion creates.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from stepgraph.interpreter.equivalence import MISSING, Slot
from stepgraph.interpreter.frame import Frame, Recursion
from stepgraph.interpreter.interpreter import Interpreter
from stepgraph.interpreter.joining import covers, join_slot_values, may_change_reachable_steps, union_values
from stepgraph.interpreter.path_joins import apply, join_any, unstable_changes
from stepgraph.interpreter.recursive_results import assume_result, assumes_unknown_data, update_result
from stepgraph.interpreter.signatures import CallKey, Key, Signature, call_key
from stepgraph.interpreter.store import Store
from stepgraph.interpreter.values.containers import Collection, Element, Mapping, MappingEntry
from stepgraph.interpreter.values.data import data_objects, reachable_cells
from stepgraph.interpreter.values.heap_cells import HeapCell, WeakNames
from stepgraph.interpreter.values.objects import FunctionValue, LexicalScope, ProjectObject
from stepgraph.interpreter.values.steps import EventPart, Payload
from stepgraph.interpreter.values.unions import Union
from stepgraph.interpreter.workflow.data_calls import change_data
from stepgraph.interpreter.write_log import Changes
from stepgraph.ir.nodes import Function
from stepgraph.ir.values import UNKNOWN, UNSET, Constant, Nondeterministic, Resource, Value
from stepgraph.limits import Budget, Limit
from stepgraph.syntax.module import SourcePlace

MAX_RECURSION: Final = 8
"""Maximum depth of a recursion whose calls all have different arguments."""
_MAX_PASSES: Final = 4
"""Maximum number of times that the body of a recursive function is interpreted before its changes are widened."""


class RepeatedCall(Struct, frozen=True):
    """An active call that a recursive call repeats."""

    function: Function
    objects: tuple[tuple[ProjectObject, ProjectObject], ...] = ()
    """The different objects among the arguments: of the active call, and of the recursive call."""
    is_approximate: bool = False
    """Whether the arguments differ, but the recursion is too deep to analyze more calls."""


def find_repeated_call(
    interpreter: Interpreter,
    callee: FunctionValue,
    scope: LexicalScope,
    key: Key,
    general: Signature,
    place: SourcePlace,
) -> tuple[LexicalScope, CallKey, RepeatedCall | None]:
    """Return the scope and key of a recursive call at `place`, and the active call that it repeats.

    If it repeats none, the body is interpreted. The scope and the `general` key omit data that the recursion creates.
    """
    keys = CallKey(key, _generalized_key(interpreter, callee, key))
    repeated = _repeated_call(interpreter, callee, keys)
    if repeated is None or repeated.is_approximate:
        general_scope = _without_new_data(interpreter, callee, scope, place)
        if general_scope is not scope:
            key = call_key(interpreter, callee, general_scope, general)
            keys = CallKey(key, _generalized_key(interpreter, callee, key))
            return general_scope, keys, _repeated_call(interpreter, callee, keys)
    return scope, keys, repeated


def _generalized_key(interpreter: Interpreter, callee: FunctionValue, key: Key) -> object:
    """Return the generalized key of a recursive call, or None for an outermost call.

    Each level of a recursion over a payload or over numbers passes a different part or number. The objects that a level
    creates are represented by their contents at the call.
    """
    active = interpreter.active_functions.get(callee.node)
    if not active:
        return None
    since = interpreter.recursions[next(iter(active.values()))].newest_serial
    return _Generalization(interpreter.budget, since).of(key, 0)


class _Generalization(Struct, frozen=True):
    """The representation of the arguments of a call in a generalized key."""

    budget: Budget
    since: int | None
    """The serial of the newest cell before the recursion; None for the outermost call."""

    def of(self, part: object, depth: int) -> object:
        match part:
            case tuple():
                return tuple(self.of(each, depth) for each in part)
            case Constant() if depth:
                return part  # tests of attributes decide which steps run
            case Constant() | Payload() | EventPart() | Nondeterministic() | Resource():
                return None
            case Union():
                values = union_values(part)
                self.budget.spend(Limit.ELEMENTS, len(values))
                cases = tuple(dict.fromkeys(self.of(value, depth) for value in values))
                return cases[0] if len(cases) == 1 else ("union", cases)
            case Element(value=value) if depth:
                return self.of(value, depth), part.many, part.may_be_missing and not part.many
            case MappingEntry(key=key, value=value) if depth:
                return self.of(key, depth), self.of(value, depth), part.many, part.may_be_missing and not part.many
            case ProjectObject(cls=cls, state=state) if self._is_new(state):
                return cls, *self._of_attributes(state, depth + 1)
            case Collection(kind=kind, state=state) if self._is_new(state):
                return kind, *self._of_elements(state, depth + 1)
            case Mapping(partial=partial, state=state) if self._is_new(state):
                return partial, *self._of_elements(state, depth + 1)
            case _:
                return part

    def _of_attributes(self, state: HeapCell, depth: int) -> Iterator[object]:
        names = sorted(state) if depth <= _MAX_DEPTH else ()
        self.budget.spend(Limit.ELEMENTS, len(names))
        return ((name, self.of(state[name], depth)) for name in names)

    def _of_elements(self, state: HeapCell, depth: int) -> Iterator[object]:
        """Yield the representations of elements, with one for all equal elements that represent any number."""
        elements = state.elements() if depth <= _MAX_DEPTH else ()
        repeated: set[object] = set()
        for element in elements:
            representation = self.of(element, depth)
            if representation not in repeated:
                yield representation
            if element.many:
                repeated.add(representation)

    def _is_new(self, cell: HeapCell) -> bool:
        return self.since is not None and cell.serial > self.since


_MAX_DEPTH: Final = 3
"""The nesting depth from which objects that the recursion creates are represented by their classes."""


def _without_new_data(
    interpreter: Interpreter, callee: FunctionValue, scope: LexicalScope, place: SourcePlace
) -> LexicalScope:
    """Return the scope of a recursive call at `place`, with unknown values for data that the recursion creates.

    This applies to functions whose recursion creates different data at each level, such as the nodes of a tree. The
    call may change the data. Data cannot lead to a step unless a module or class holds one.
    """
    active = interpreter.active_functions.get(callee.node)
    minimum = 1 if callee.node in interpreter.recursions_over_data else _MAX_LEVELS_OF_DATA
    if not active or len(active) < minimum or interpreter.store.shares_steps:
        return scope
    since = interpreter.recursions[next(iter(active.values()))].newest_serial
    values: dict[str, Value] = {}
    for name, value in scope.names.items():
        objects = None if value is callee.receiver else data_objects(value)
        if objects and any(each.state.serial > since for each in objects):
            values[name] = UNKNOWN
            for each in objects:
                change_data(interpreter, each, place)
    if not values:
        return scope
    if callee.node not in interpreter.recursions_over_data:
        interpreter.recursions_over_data[callee.node] = place
        interpreter.discards_passes = True
    return replace(scope, names=interpreter.store.new({**scope.names, **values}))


_MAX_LEVELS_OF_DATA: Final = 2
"""Depth of a recursion from which the data that it creates is unknown."""


def report_unknown_data(interpreter: Interpreter) -> None:
    """Report recursions over unknown data if this data may lead to a step, because a module or class holds one."""
    if interpreter.store.shares_steps:
        for place in interpreter.recursions_over_data.values():
            interpreter.note(
                "too-many-variants",
                place,
                f"`{place.brief_text}` is a recursive call with data that differs at each level.",
                "Steps that the data leads to are missing from the graph. Pass the step object as an argument.",
            )


def _repeated_call(interpreter: Interpreter, callee: FunctionValue, key: CallKey) -> RepeatedCall | None:
    """Return the active call that a call with this key repeats. Return None to interpret the body."""
    active = interpreter.active_functions.get(callee.node)
    if not active:
        return None
    if key.exact in active:
        return RepeatedCall(active[key.exact])
    for active_key, function in reversed(active.items()):
        generalized = interpreter.recursions[function].generalized_key
        if generalized is None:
            generalized = _Generalization(interpreter.budget, None).of(active_key, 0)
        if generalized == key.generalized:
            return RepeatedCall(function, tuple(_different_objects(active_key, key.exact)))
    if len(active) < MAX_RECURSION:
        return None
    return RepeatedCall(next(reversed(active.values())), is_approximate=True)


def _different_objects(active: object, key: object) -> Iterator[tuple[ProjectObject, ProjectObject]]:
    """Yield the pairs of different objects in the keys of two calls."""
    if isinstance(active, tuple) and isinstance(key, tuple):
        for active_part, part in zip(active, key, strict=True):
            yield from _different_objects(active_part, part)
    elif isinstance(active, Value) and isinstance(key, Value) and active is not key:
        objects = [value for value in union_values(active) if isinstance(value, ProjectObject)]
        others = [value for value in union_values(key) if isinstance(value, ProjectObject)]
        yield from ((old, new) for old in objects for new in others if old is not new and old.cls is new.cls)


def call_recursively(interpreter: Interpreter, call: RepeatedCall) -> None:
    """Record the state at a recursive call, and apply the changes that the body made when it was last interpreted.

    Changes of an object that is an argument of the active call also apply to the object that replaces it.
    """
    recursion = interpreter.recursions[call.function]
    recursion.is_called = True
    changes = interpreter.store.changes(recursion.checkpoint)
    recursion.calls.append(outer_changes(interpreter.store, recursion, changes))
    if recursion.end:
        apply(interpreter.store, join_any(interpreter.store, [recursion.end], recursion.place))
    replaced = _replaced_cells(call.objects)
    for change in recursion.end.values():
        for cell in replaced.get(id(change.container), ()):
            values = [cell.get(change.key, MISSING), change.value]
            joined = join_slot_values(interpreter.budget, change.key, values, recursion.place)
            interpreter.store.write(cell, change.key, joined)


def assume_effects(
    interpreter: Interpreter, recursion: Recursion, frame: Frame, result: Value, *, restarts: bool
) -> bool:
    """Assume that recursive calls have the effects and the result of the body. Return whether an assumption is new.

    After a restart, only the result is assumed, because the next pass interprets the body under other conditions.
    """
    assume_result(interpreter.store, recursion, result)
    has_changed = restarts or _update_assumptions(interpreter, recursion)
    return recursion.assume_kind_of_result(frame) or has_changed


def _update_assumptions(interpreter: Interpreter, recursion: Recursion) -> bool:
    """Update the assumptions about recursive calls after the current pass, and return whether they changed.

    After `_MAX_PASSES`, values that still change are widened.
    """
    from stepgraph.interpreter.widening import (
        IN_RECURSION,
        STRUCTURAL_COMPARISON_PASS,
        growing_changes,
        merge_objects,
        widen,
    )

    store, place = interpreter.store, recursion.place
    changes = store.changes(recursion.checkpoint)
    end = outer_changes(store, recursion, changes)
    store.rollback(recursion.checkpoint)
    report_changed_levels(interpreter, recursion, [*recursion.calls, end])
    head = join_any(store, [recursion.head, *recursion.calls], place)
    head = merge_objects(head, recursion.newest_serial, store.budget)
    end = join_any(store, [recursion.end, end], place) if recursion.end else end
    if recursion.result is not None:
        end = merge_objects(end, recursion.newest_serial, store.budget)
    recursion.passes += 1
    is_restarted = assumes_unknown_data(recursion, head, end, store.budget)
    growing: Changes = {}
    place_of_summary = place if recursion.passes <= _MAX_PASSES else None
    for before, after in ((recursion.head, head), (recursion.end, end)):
        unstable = unstable_changes(before, after, recursion.newest_serial, store.unset_reads)
        if recursion.passes >= STRUCTURAL_COMPARISON_PASS:
            unstable = growing_changes(unstable, before, after, recursion.newest_serial, store.budget, place_of_summary)
            after.update(unstable)
        growing |= unstable
    if growing and recursion.passes > _MAX_PASSES:
        widened = {key: widen(change, place, IN_RECURSION) for key, change in growing.items()}
        store.log_changes(widened)
        head, end = head | widened, end | widened
    recursion.head, recursion.end = head, end
    update_result(recursion)
    recursion.calls.clear()
    apply(store, changes)
    return is_restarted or (bool(growing) and recursion.passes <= _MAX_PASSES + 1)


def outer_changes(store: Store, recursion: Recursion, changes: Changes) -> Changes:
    """Return the changes that other levels of a recursion may observe.

    These are the changes of cells from before the recursion, of cells that they lead to, and of the variables that
    nested functions use. The variables are one cell for all levels. If other levels can reach it, writes become weak.
    """
    from stepgraph.syntax.free_names import captured_names

    captured, names = captured_names(recursion.function, recursion.place.module), recursion.own_names
    older = {key: change for key, change in changes.items() if change.container.serial <= recursion.newest_serial}
    outer = {key: change for key, change in older.items() if change.container is not names}
    cells = reachable_cells((each.value for each in outer.values()), recursion.newest_serial, store.budget)
    if id(names) in cells:
        names.weak_names = WeakNames(captured, recursion.place)
        captured_values = [
            change.value for change in older.values() if change.container is names and change.key in captured
        ]
        cells |= reachable_cells(captured_values, recursion.newest_serial, store.budget)
    return {
        key: change
        for key, change in changes.items()
        if (change.container.serial <= recursion.newest_serial or id(change.container) in cells)
        and (change.container is not names or change.key in captured)
    }


def report_changed_levels(interpreter: Interpreter, recursion: Recursion, paths: Iterable[Changes]) -> None:
    """Report changes in the current pass of objects from earlier passes, if they may affect steps.

    Such an object belongs to an outer level of the recursion. The corresponding object of the current level, which an
    inner level may change in the same way, does not get the change.
    """
    for key, change in (item for path in paths for item in path.items()):
        if change.container.serial <= recursion.newest_serial:
            continue
        earlier = [each[key].value for each in (recursion.head, recursion.end) if key in each]
        parts = [change.value] if isinstance(change.value, tuple) else union_values(change.value)
        # Attributes that a pass has not set yet are unset, because each pass is rolled back.
        changed = [part for part in parts if part is not UNSET]
        if earlier and not all(any(_includes(value, part) for value in earlier) for part in changed):
            interpreter.note(
                "escapes",
                recursion.place,
                f"the recursive function `{recursion.function.name.value}` changes objects that belong to outer calls "
                "of it, which stepgraph does not model.",
                "Steps that these objects lead to may be missing from the graph. Return the new value instead.",
            )


def _includes(value: Slot, part: Slot) -> bool:
    """Return whether a slot with a value leads to all steps that it leads to with another value."""
    return covers(value, part) or not may_change_reachable_steps(value, part)


def _replaced_cells(objects: Sequence[tuple[Value, Value]]) -> dict[int, list[HeapCell]]:
    """Return the cells that replace each cell of an active call, by `id`, for different objects in the arguments."""
    replaced: dict[int, list[HeapCell]] = {}
    pending: list[tuple[object, object]] = list(objects)
    while pending:
        old, new = pending.pop()
        if not isinstance(old, _WITH_CELL) or not isinstance(new, _WITH_CELL) or type(old) is not type(new):
            continue
        cells = replaced.setdefault(id(old.state), [])
        if old is not new and new.state not in cells:
            cells.append(new.state)
            pending += ((part, new.state.get(name)) for name, part in old.state.items())
    return replaced


_WITH_CELL: Final = (ProjectObject, Collection, Mapping)
