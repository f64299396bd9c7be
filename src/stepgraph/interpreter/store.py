"""The abstract store: the values of names, attributes and collections, and a trail of all writes.

The trail is an undo log. Rolling a branch back and joining it with others costs as much as its writes, not as much as
the whole store.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from typing import Any, Final, TypeAlias

from msgspec import Struct, field
from msgspec.structs import replace

from stepgraph.interpreter.joining import (
    MISSING,
    Prefix,
    Slot,
    ValueSet,
    affects_steps,
    has_relevant_value,
    is_equivalent,
    is_relevant,
    join_slot,
    join_slot_values,
    requires_new_pass,
    visit_cost,
    without_duplicates,
)
from stepgraph.interpreter.values.containers import Collection, Declarations, Element, HeapCell, Mapping, MappingEntry
from stepgraph.interpreter.values.steps import StepFunction
from stepgraph.interpreter.values.unions import Union
from stepgraph.ir.nodes import AwaitedTask, StepDefinition, TaskId
from stepgraph.ir.values import Value
from stepgraph.limits import Budget, Limit
from stepgraph.syntax.module import Place

# Serial of the cells for declared steps and tasks in flight: no function counts them as older than itself.
MAX_SERIAL: Final = sys.maxsize


class Change(Struct, frozen=True):
    """A slot with its value at the end of a path."""

    container: HeapCell
    key: str
    value: Slot


SlotKey: TypeAlias = tuple[int, str]
"""The `id` of a cell, and the key of a slot."""
Changes: TypeAlias = dict[SlotKey, Change]


# A slot, identified by the serial of its cell and its key.
SlotId: TypeAlias = tuple[int, str]


class TaskState(Struct, eq=False):
    """The reads and writes that a task in flight shares with concurrent code."""

    task_id: TaskId
    place: Place
    """The call that makes the coroutine."""
    loop_depth: int
    """The number of loops around the start of the task."""
    loop_pass: int
    """The value of `Interpreter.repeated_passes` at the start of the task."""
    reads: frozenset[SlotId]
    """Slots that the task reads and that are older than the task."""
    writes: dict[SlotId, list[Slot]] = field(default_factory=dict)
    """The values that the task may write to slots older than itself."""
    exclusive_writes: list[TaskWrite] = field(default_factory=list)
    """Writes to slots that no other task in flight writes to."""


class TaskWrite(Struct, frozen=True):
    """A slot that a task writes to, with its value while the task is in flight and afterwards."""

    container: HeapCell
    key: str
    pending_value: Slot
    """The join of all values that the slot may have while the task is in flight."""
    final_value: Slot
    """The value after the task is finished."""


# A slot with all its values since a checkpoint, in order.
SlotHistory: TypeAlias = tuple[HeapCell, str, list[Slot]]


class Rewrite(Struct, frozen=True):
    """A write by other code to a slot that a task in flight reads."""

    container: HeapCell
    key: str
    before: Slot
    """The value before the write."""

    @property
    def slot(self) -> SlotId:
        """The slot that was written."""
        return self.container.serial, self.key


class Store(Struct):
    """All heap cells, and the trail of all writes to them."""

    budget: Budget = field(default_factory=Budget)
    """Counts the writes and values that are rolled back and joined."""
    epoch: int = 0
    """The version of all slots that functions read from outside their own scope.

    It changes when such a slot gets another relevant value. Function summaries of an earlier epoch are stale then.
    """
    reads: set[SlotId] = field(default_factory=set)
    """Slots outside the function being interpreted that it has read so far."""
    in_flight: HeapCell = field(default_factory=lambda: HeapCell(MAX_SERIAL, Budget()))
    """For each task id, a tuple with its `TaskState` while the task may be in flight, else an empty one."""
    replaced: set[StepDefinition] = field(default_factory=set)
    """Steps that were overwritten or removed, or not selected by an exact lookup. They are not reported as unused."""
    rewrites: list[Rewrite] = field(default_factory=list)
    """Writes since the last await to slots that tasks in flight read."""
    reordered: list[int] = field(default_factory=list)
    """The serials of the collections that became unordered, in that order."""
    reopened: list[int] = field(default_factory=list)
    """The serials of the collections that were read as empty and may have elements now."""
    revised: list[int] = field(default_factory=list)
    """The serials of the collections that changed after the graph may have shown their constants."""
    _task_writes: set[SlotId] = field(default_factory=set)
    """Slots that some task may write to."""
    _task_reads: set[SlotId] = field(default_factory=set)
    """Slots that some task reads."""
    _selections: set[tuple[int, int]] = field(default_factory=set)
    """Collections from which a step was selected, by serial and size."""
    _trail: list[tuple[HeapCell, str, Slot, int]] = field(default_factory=list)
    """The undo log: cell and key of each write, with the value and the epoch before it."""
    _outer_reads: set[tuple[int, str]] = field(default_factory=set)
    """Slots that some function has read from outside its own scope."""
    _serial: int = 0
    _epoch_count: int = 0
    """The number of epochs so far. A rollback restores `epoch`, but not this count."""

    @property
    def serial(self) -> int:
        """The serial of the newest cell."""
        return self._serial

    def new(self, slots: dict[str, Slot] | None = None) -> HeapCell:
        """Return a new heap cell."""
        self._serial += 1
        return HeapCell(self._serial, self.budget, slots, self.reordered, self.reopened, self.revised)

    def record_outer_read(self, container: HeapCell, key: str) -> None:
        """Record that a function reads a slot outside its own scope."""
        self._outer_reads.add((container.serial, key))
        self.reads.add((container.serial, key))

    def write(self, container: HeapCell, key: str, value: Slot) -> None:
        """Set a slot, and log the write for a rollback."""
        old = container.get(key, MISSING)
        if old is not value:
            if self._task_writes and (container.serial, key) in self._task_writes:
                value = self._join_task_writes(container, key, value)
            self._write(container, key, old, old, value)

    def extend(self, container: HeapCell, value: tuple[Any, ...]) -> None:
        """Append to a collection. `value` are all its elements, the existing ones first."""
        old = container["items"]
        self._write(container, "items", old, Prefix(len(old)), value)

    def _write(self, container: HeapCell, key: str, old: Slot, logged: Slot, value: Slot) -> None:
        self._trail.append((container, key, logged, self.epoch))
        container[key] = value
        if isinstance(old, StepFunction | Collection | Mapping) and not isinstance(value, Union) and value.relevant:
            self._record_replaced(container, old)
        if self._task_reads and (container.serial, key) in self._task_reads and old is not MISSING:
            self.rewrites.append(Rewrite(container, key, old))
        if (container.serial, key) in self._outer_reads and affects_steps(old, value):
            self._epoch_count += 1
            self.epoch = self._epoch_count

    def _record_replaced(self, container: HeapCell, old: StepFunction | Collection | Mapping) -> None:
        if isinstance(old, StepFunction) and not isinstance(container, Declarations):
            self.replaced.add(old.definition)
        elif isinstance(old, Collection | Mapping):
            self.record_unselected(old.state.elements())

    def record_selection(self, owner: Collection | Mapping, selected: Value) -> None:
        """Record that code selects one step of a collection and leaves the other steps unused."""
        key = owner.state.serial, owner.state.size
        if isinstance(selected, StepFunction) and key not in self._selections:
            self._selections.add(key)
            self.record_unselected(element for element in owner.state.elements() if element.value is not selected)

    def record_unselected(self, elements: Iterable[Element | MappingEntry]) -> None:
        """Record elements of a collection that are removed, or that an exact lookup does not select."""
        self.record_dropped(element.value for element in elements)

    def record_dropped(self, values: Iterable[Value | None]) -> None:
        """Record values that the program does not use any more."""
        self.replaced.update(value.definition for value in values if isinstance(value, StepFunction))

    def tasks(self) -> list[TaskState]:
        """Return the tasks that may be in flight."""
        return [task for states in self.in_flight.values() for task in states]

    def weak_update(self, container: HeapCell, key: str, value: Slot, place: Place) -> None:
        """Update a slot weakly: it has its present value or the new one."""
        self.write(
            container, key, join_slot_values(self.budget, key, [container.get(key, MISSING), value], place, None)
        )

    def start_task(self, task: TaskState, checkpoint: int, newest: int) -> None:
        """Record the start of a task that was interpreted since `checkpoint`: its writes may now happen at any time.

        Slots in cells newer than the serial `newest` belong to the task itself.
        """
        for container, key, values in self.write_histories(checkpoint, newest):
            slot = (container.serial, key)
            self.budget.spend(Limit.JOINED, sum(map(visit_cost, values)))
            is_exclusive = not any(slot in concurrent.writes for concurrent in self.tasks())
            pending_value = join_slot_values(self.budget, key, values, task.place, None)
            self.write(container, key, pending_value)
            task.writes.setdefault(slot, []).extend(values[1:])
            if is_exclusive:
                task.exclusive_writes.append(TaskWrite(container, key, pending_value, values[-1]))
        self._merge_earlier_passes(task)
        self._task_writes |= task.writes.keys()
        self._task_reads |= task.reads
        if task.writes or task.reads:
            self.write(self.in_flight, str(task.task_id), (task,))

    def _merge_earlier_passes(self, task: TaskState) -> None:
        """Merge the tasks that earlier passes of the loop have started at the same place into this one."""
        for earlier in self.tasks() if task.loop_depth else ():
            if earlier.place.node is task.place.node and earlier.loop_pass != task.loop_pass:
                self.write(self.in_flight, str(earlier.task_id), ())
                for slot, values in earlier.writes.items():
                    task_values = task.writes.setdefault(slot, [])
                    self.budget.spend(Limit.JOINED, len(task_values) + len(values))
                    task.writes[slot] = without_duplicates([*task_values, *values])

    def extend_writes(self, task: TaskState, histories: Sequence[SlotHistory]) -> None:
        """Add values that a task in flight may write."""
        for container, key, values in histories:
            task.writes.setdefault((container.serial, key), []).extend(values[1:])
            for value in values[1:]:
                self.weak_update(container, key, value, task.place)
        self._task_writes |= task.writes.keys()

    def finish_task(self, awaited: AwaitedTask, loop_depth: int, *, may_have_failed: bool) -> None:
        """Record the end of a task: slots that only this task has written get their final values.

        One that may have failed before its last write leaves the join of all values that it writes. A task that each
        pass of a loop starts may still be in flight if only its last run is awaited.
        """
        task_id = awaited.task_id
        for task in self.in_flight.get(str(task_id), ()):
            if not awaited.on_every_path or not (awaited.all_runs or loop_depth >= task.loop_depth):
                continue
            self.write(self.in_flight, str(task_id), ())
            for write in () if may_have_failed else task.exclusive_writes:
                if write.container.get(write.key) is write.pending_value:
                    self.write(write.container, write.key, write.final_value)

    def write_histories(self, checkpoint: int, newest: int) -> list[SlotHistory]:
        """Return the slots written since `checkpoint` that had a relevant value, with all their values in order.

        Slots in cells newer than the serial `newest` are omitted.
        """
        histories: dict[SlotId, tuple[HeapCell, str, list[Slot]]] = {}
        for container, key, old, _ in self._trail[checkpoint:]:
            if container.serial > newest:
                continue
            present = container.get(key, MISSING)
            before = present[: old.length] if isinstance(old, Prefix) and isinstance(present, tuple) else old
            histories.setdefault((container.serial, key), (container, key, []))[2].append(before)
        complete = [(cell, key, [*values, cell.get(key, MISSING)]) for cell, key, values in histories.values()]
        return [history for history in complete if any(map(has_relevant_value, history[2]))]

    def _join_task_writes(self, container: HeapCell, key: str, value: Slot) -> Slot:
        """Join a value that is written to a slot with the values that tasks in flight may write to it."""
        slot = (container.serial, key)
        tasks = [task for task in self.tasks() if slot in task.writes]
        self.budget.spend(Limit.JOINED, len(self.in_flight))
        if not tasks:
            return value
        values = [value, *(task_value for task in tasks for task_value in task.writes[slot])]
        self.budget.spend(Limit.JOINED, sum(map(visit_cost, values)))
        return join_slot_values(self.budget, key, values, tasks[0].place, None)

    def outer_writes(self, checkpoint: int, serial: int) -> tuple[Change, ...] | None:
        """Return the writes to cells older than `serial` since `checkpoint`, None if one of them can affect steps.

        Writes to collections are omitted: elements that cannot affect steps need not be repeated.
        """
        writes: dict[SlotId, Change] = {}
        for container, key, logged, _ in self._trail[checkpoint:]:
            if container.serial >= serial:
                continue
            present = container.get(key, MISSING)
            is_prefix = isinstance(logged, Prefix) and isinstance(present, tuple)
            old = present[: logged.length] if is_prefix else logged
            if affects_steps(old, present):
                return None
            if not isinstance(present, tuple):
                writes[container.serial, key] = Change(container, key, present)
        return tuple(writes.values())

    def checkpoint(self) -> int:
        """Return the present position in the trail, for `changes` and `rollback`."""
        return len(self._trail)

    def changes(self, checkpoint: int) -> Changes:
        """Return the slots written since `checkpoint`, with their present values."""
        self.budget.spend(Limit.JOINED, len(self._trail) - checkpoint)
        changes: Changes = {}
        for container, key, *_ in self._trail[checkpoint:]:
            changes[id(container), key] = Change(container, key, container.get(key, MISSING))
        return changes

    def overwritten(self, checkpoint: int) -> list[Changes]:
        """Return the values written since `checkpoint` and overwritten later: an exception may expose them.

        Values of a list that is only appended to are omitted, since its present value includes their elements.
        """
        written: set[tuple[int, str]] = set()
        overwritten: list[Changes] = []
        for container, key, old, _ in self._trail[checkpoint:]:
            if (id(container), key) in written and old is not MISSING and not isinstance(old, Prefix):
                overwritten.append({(id(container), key): Change(container, key, old)})
            written.add((id(container), key))
        return overwritten

    def commit(self, checkpoint: int) -> None:
        """Make the writes since `checkpoint` permanent: no rollback undoes them."""
        del self._trail[checkpoint:]

    def rollback(self, checkpoint: int) -> Changes:
        """Undo all writes since `checkpoint`, and return them."""
        changes = self.changes(checkpoint)
        while len(self._trail) > checkpoint:
            container, key, old, self.epoch = self._trail.pop()
            if old is MISSING:
                container.pop(key, None)
            elif isinstance(old, Prefix):
                container[key] = container[key][: old.length]
            else:
                container[key] = old
        return changes


class ExposedValues(Struct):
    """Values that an exception in the body of a `try` may expose to its handlers, without duplicates."""

    changes: list[Changes] = field(default_factory=list)
    """Changes of one slot each."""
    _values: dict[SlotId, ValueSet] = field(default_factory=dict)
    _collections: set[tuple[SlotId, int]] = field(default_factory=set)
    """The collections by slot and `id`, which `changes` keeps alive."""

    def add(self, changes: Iterable[Changes]) -> None:
        """Add the values of changes that can lead to a step."""
        for change in (change for one in changes for change in one.values() if is_relevant(change.value)):
            slot = change.container.serial, change.key
            if isinstance(change.value, tuple):
                is_new = (slot, id(change.value)) not in self._collections
                self._collections.add((slot, id(change.value)))
            else:
                is_new = self._values.setdefault(slot, ValueSet()).add(change.value)
            if is_new:
                self.changes.append({(id(change.container), change.key): change})


class PathChanges(Struct, frozen=True):
    """One of the paths into a join point, with its changes."""

    condition: str | None
    """The source of the condition; None for a path without one."""
    changes: Changes


def join_paths(
    store: Store, paths: Sequence[PathChanges], discriminant: str | None, place: Place, since: TaskId | None = None
) -> None:
    """Set the store to the join of alternative paths, each relative to the present state.

    A task with an id above `since` was started on one of the paths only.
    """
    if len(paths) == 1:
        apply(store, paths[0].changes)
        return
    keys = {key: change for path in paths for key, change in path.changes.items()}
    for key, change in keys.items():
        present = change.container.get(change.key, MISSING)
        values = [(p.condition, p.changes[key].value if key in p.changes else present) for p in paths]
        store.budget.spend(Limit.JOINED, sum(visit_cost(value) for _, value in values))
        store.write(change.container, change.key, join_slot(store.budget, values, discriminant, place, since))


def join_ends(store: Store, ends: Sequence[PathChanges], place: Place, since: TaskId | None = None) -> None:
    """Set the store to the join of all paths out of some code, each relative to the present state.

    Their conditions are used if each path but the last has one of its own.
    """
    conditions = [end.condition for end in ends]
    if None not in conditions[:-1] and len(set(conditions)) == len(conditions):
        join_paths(store, ends, None, place, since)
        return
    changed = {key: change for end in ends for key, change in end.changes.items()}
    for key, change in changed.items():
        present = change.container.get(change.key, MISSING)
        values = [end.changes[key].value if key in end.changes else present for end in ends]
        store.budget.spend(Limit.JOINED, len(ends) + sum(map(visit_cost, values)))
        store.write(change.container, change.key, join_slot_values(store.budget, change.key, values, place, since))


def apply(store: Store, changes: Changes) -> None:
    """Redo changes that were rolled back."""
    for change in changes.values():
        store.write(change.container, change.key, change.value)


def present_value(change: Change) -> Change:
    """Return the slot of a change with its present value."""
    return replace(change, value=change.container.get(change.key, MISSING))


def join_any(store: Store, paths: Sequence[Changes], place: Place, since: TaskId | None = None) -> Changes:
    """Return the join of the present state and of paths from it that have no conditions.

    A task with an id above `since` was started on one of the paths only.
    """
    values_by_key: dict[SlotKey, tuple[Change, list[Slot]]] = {}
    for path in paths:
        for key, change in path.items():
            values_by_key.setdefault(key, (change, []))[1].append(change.value)
    joined: Changes = {}
    for key, (change, written) in values_by_key.items():
        values = [change.container.get(change.key, MISSING), *written]
        store.budget.spend(Limit.JOINED, 1 + sum(map(visit_cost, values)))
        joined[key] = Change(
            change.container, change.key, join_slot_values(store.budget, change.key, values, place, since)
        )
    return joined


def unstable_changes(head: Changes, end: Changes, newest: int) -> Changes:
    """Return the changes at the end of a loop body that require another pass: those that its `head` does not cover.

    Slots that only the body binds are omitted, since it binds them again before each use. So are cells newer than
    the serial `newest`, since each pass allocates them.
    """
    changed: Changes = {}
    for key, change in end.items():
        if newest < change.container.serial < MAX_SERIAL:
            continue
        before = head[key].value if key in head else change.container.get(change.key, MISSING)
        if (
            before is not MISSING
            and not is_equivalent(before, change.value)
            and requires_new_pass(before, change.value)
        ):
            changed[key] = change
    return changed
