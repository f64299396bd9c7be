"""The state of the program while it is read: which names and attributes hold which values.

Every write goes through a trail, so that a branch can be read, taken back and merged with the others at the cost of
what it changed, not of all there is.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from typing import Any, Final, TypeAlias

from msgspec import Struct, field

from stepgraph.interpreter.joining import (
    MISSING,
    Prefix,
    Slot,
    distinct,
    is_relevant,
    is_same,
    join_slot,
    join_slot_values,
    matters,
    runs_steps,
    weight,
)
from stepgraph.interpreter.objects.values import (
    Collection,
    Declarations,
    Element,
    HeapCell,
    Mapping,
    MappingEntry,
    StepFunction,
    Union,
    Value,
)
from stepgraph.ir.nodes import AwaitedTask, StepDefinition, TaskId
from stepgraph.limits import Budget, Limit
from stepgraph.syntax.module import Place

NEWEST_OF_ALL: Final = sys.maxsize


class Change(Struct, frozen=True):
    """What a slot held at the end of a stretch of the program."""

    container: HeapCell
    key: str
    value: Slot


Changes: TypeAlias = dict[tuple[int, str], Change]


# What tells a slot from all others: the serial of its container, and its key.
SlotId: TypeAlias = tuple[int, str]


class TaskState(Struct, eq=False):
    """What a task in flight shares with the code beside it."""

    task_id: TaskId
    place: Place
    loop_depth: int
    """The number of loops around its start."""
    loop_pass: int
    """The number of the pass of these loops in which it was started."""
    reads: frozenset[SlotId]
    """The slots that it reads, as far as they are older than it."""
    writes: dict[SlotId, list[Slot]] = field(default_factory=dict)
    """The values that it may write to slots older than it."""
    overwritten_slots: list[TaskWrite] = field(default_factory=list)
    """What the slots hold that no other task in flight writes to."""


class TaskWrite(Struct, frozen=True):
    """A slot that a task writes to: it is `pending_value` what it holds while the task is in flight, and `final_value` after."""

    container: HeapCell
    key: str
    pending_value: Slot
    final_value: Slot


# A slot with all the values that it held, in order.
Written: TypeAlias = tuple[HeapCell, str, list[Slot]]


class Rewrite(Struct, frozen=True):
    """A slot that a task in flight reads and other code has written to since."""

    container: HeapCell
    key: str
    before: Slot

    @property
    def slot(self) -> SlotId:
        """What tells the slot from others."""
        return self.container.serial, self.key


class Store(Struct):
    """The trail of all writes.

    `epoch` stands for what functions have read from outside themselves: it is another one as soon as such a slot gets
    another value, and what was learned of functions before may not hold any longer. The `budget` counts what is taken
    back and joined.
    """

    budget: Budget = field(default_factory=Budget)
    epoch: int = 0
    reads: set[SlotId] = field(default_factory=set)
    """The slots from outside of it that the function being read has read so far."""
    in_flight: HeapCell = field(default_factory=lambda: HeapCell(NEWEST_OF_ALL, Budget()))
    """The `TaskState` of each task that may be in flight, by its handle."""
    replaced: set[StepDefinition] = field(default_factory=set)
    """The steps in the place of which something else was put, or which an exact look-up has passed over."""
    rewrites: list[Rewrite] = field(default_factory=list)
    """What tasks in flight read and other code has written to since the last await."""
    _contested: set[SlotId] = field(default_factory=set)
    _watched: set[SlotId] = field(default_factory=set)
    _passed_over: set[tuple[int, int]] = field(default_factory=set)
    _trail: list[tuple[HeapCell, str, Slot, int]] = field(default_factory=list)
    _observed: set[tuple[int, str]] = field(default_factory=set)
    _serial: int = 0
    _epochs: int = 0

    @property
    def serial(self) -> int:
        """The serial of the newest slots."""
        return self._serial

    def new(self, slots: dict[str, Slot] | None = None) -> HeapCell:
        """Return new slots."""
        self._serial += 1
        return HeapCell(self._serial, self.budget, slots)

    def observe(self, container: HeapCell, key: str) -> None:
        """Say that a function has read a slot that is not its own."""
        self._observed.add((container.serial, key))
        self.reads.add((container.serial, key))

    def write(self, container: HeapCell, key: str, value: Slot) -> None:
        """Set a slot, so that it can be taken back."""
        old = container.get(key, MISSING)
        if old is not value:
            if self._contested and (container.serial, key) in self._contested:
                value = self._unless_overwritten(container, key, value)
            self._write(container, key, old, old, value)

    def extend(self, container: HeapCell, value: tuple[Any, ...]) -> None:
        """Set the elements of a collection to those it has and others after them."""
        old = container["items"]
        self._write(container, "items", old, Prefix(len(old)), value)

    def _write(self, container: HeapCell, key: str, old: Slot, trace: Slot, value: Slot) -> None:
        self._trail.append((container, key, trace, self.epoch))
        container[key] = value
        if isinstance(old, StepFunction) and not isinstance(value, Union) and value.relevant:
            self._note_replaced(container, old)
        if self._watched and (container.serial, key) in self._watched and old is not MISSING:
            self.rewrites.append(Rewrite(container, key, old))
        if (container.serial, key) in self._observed and (is_relevant(old) or is_relevant(value)):
            self._epochs += 1
            self.epoch = self._epochs

    def _note_replaced(self, container: HeapCell, old: StepFunction) -> None:
        if not isinstance(container, Declarations):
            self.replaced.add(old.definition)

    def pass_over_others(self, owner: Collection | Mapping, taken: Value) -> None:
        """Note that code takes one step of a collection, and leaves the others unused."""
        key = owner.state.serial, owner.state.size
        if isinstance(taken, StepFunction) and key not in self._passed_over:
            self._passed_over.add(key)
            self.pass_over(element for element in owner.state.elements() if element.value is not taken)

    def pass_over(self, elements: Iterable[Element | MappingEntry]) -> None:
        """Say that it is known that these elements of a collection are not the ones that are taken."""
        self.replaced.update(e.value.definition for e in elements if isinstance(e.value, StepFunction))

    def tasks(self) -> list[TaskState]:
        """Return the tasks that may be in flight."""
        return [task for held in self.in_flight.values() for task in held]

    def write_also(self, container: HeapCell, key: str, value: Slot, place: Place) -> None:
        """Set a slot to what it holds or to another value."""
        self.write(
            container, key, join_slot_values(self.budget, key, [container.get(key, MISSING), value], place, None)
        )

    def start_task(self, task: TaskState, checkpoint: int, newest: int) -> None:
        """Say that a task is in flight that was read since `checkpoint`: what it writes may be written any time from now on.

        Slots after the `newest` are its own.
        """
        for container, key, values in self.written(checkpoint, newest):
            slot = (container.serial, key)
            self.budget.spend(Limit.JOINED, sum(map(weight, values)))
            alone = not any(slot in other.writes for other in self.tasks())
            pending_value = join_slot_values(self.budget, key, values, task.place, None)
            self.write(container, key, pending_value)
            task.writes.setdefault(slot, []).extend(values[1:])
            if alone:
                task.overwritten_slots.append(TaskWrite(container, key, pending_value, values[-1]))
        self._supersede(task)
        self._contested |= task.writes.keys()
        self._watched |= task.reads
        if task.writes or task.reads:
            self.write(self.in_flight, str(task.task_id), (task,))

    def _supersede(self, task: TaskState) -> None:
        """Let a task stand for those that earlier passes of its loop have started."""
        for earlier in self.tasks() if task.loop_depth else ():
            if earlier.place.node is task.place.node and earlier.loop_pass != task.loop_pass:
                self.write(self.in_flight, str(earlier.task_id), ())
                for slot, values in earlier.writes.items():
                    known = task.writes.setdefault(slot, [])
                    self.budget.spend(Limit.JOINED, len(known) + len(values))
                    task.writes[slot] = distinct([*known, *values])

    def extend_writes(self, task: TaskState, written: Sequence[Written]) -> None:
        """Say that a task in flight may write other values, too."""
        for container, key, values in written:
            task.writes.setdefault((container.serial, key), []).extend(values[1:])
            for value in values[1:]:
                self.write_also(container, key, value, task.place)
        self._contested |= task.writes.keys()

    def finish_task(self, awaited: AwaitedTask, loop_depth: int) -> None:
        """Say that a task is over: what it has written is what the slots hold, if nothing else wrote to them.

        Of a task started at each pass of a loop, the others may go on if the last one only is awaited.
        """
        task_id = awaited.task_id
        for task in self.in_flight.get(str(task_id), ()):
            if not awaited.on_every_path or not (awaited.every or loop_depth >= task.loop_depth):
                continue
            self.write(self.in_flight, str(task_id), ())
            for outcome in task.overwritten_slots:
                if outcome.container.get(outcome.key) is outcome.pending_value:
                    self.write(outcome.container, outcome.key, outcome.final_value)

    def written(self, checkpoint: int, newest: int) -> list[Written]:
        """Return the slots written since `checkpoint` whose values can run steps, each with all that they held, in order."""
        held: dict[SlotId, tuple[HeapCell, str, list[Slot]]] = {}
        for container, key, old, _ in self._trail[checkpoint:]:
            if container.serial > newest:
                continue
            now = container.get(key, MISSING)
            before = now[: old.length] if isinstance(old, Prefix) and isinstance(now, tuple) else old
            held.setdefault((container.serial, key), (container, key, []))[2].append(before)
        found = [(container, key, [*values, container.get(key, MISSING)]) for container, key, values in held.values()]
        return [written for written in found if any(map(runs_steps, written[2]))]

    def _unless_overwritten(self, container: HeapCell, key: str, value: Slot) -> Slot:
        """Return what a slot holds that tasks in flight may write to after this value is written."""
        slot = (container.serial, key)
        tasks = [task for task in self.tasks() if slot in task.writes]
        self.budget.spend(Limit.JOINED, len(self.in_flight))
        if not tasks:
            return value
        values = [value, *(other for task in tasks for other in task.writes[slot])]
        self.budget.spend(Limit.JOINED, sum(map(weight, values)))
        return join_slot_values(self.budget, key, values, tasks[0].place, None)

    def wrote_outside(self, checkpoint: int, serial: int) -> bool:
        """Whether anything since `checkpoint` went to slots that are older than `serial`."""
        return any(container.serial < serial for container, *_ in self._trail[checkpoint:])

    def checkpoint(self) -> int:
        """Return the present point, for `changes` and `rollback`."""
        return len(self._trail)

    def changes(self, checkpoint: int) -> Changes:
        """Return what was written since `checkpoint`, with the values held now."""
        self.budget.spend(Limit.JOINED, len(self._trail) - checkpoint)
        found: Changes = {}
        for container, key, *_ in self._trail[checkpoint:]:
            found[id(container), key] = Change(container, key, container.get(key, MISSING))
        return found

    def passed(self, checkpoint: int) -> list[Changes]:
        """Return the values since `checkpoint` that were replaced again: what an exception may have left.

        A list that is only appended to is left out: all that may be in it is in the one after it.
        """
        seen: set[tuple[int, str]] = set()
        found: list[Changes] = []
        for container, key, old, _ in self._trail[checkpoint:]:
            if (id(container), key) in seen and old is not MISSING and not isinstance(old, Prefix):
                found.append({(id(container), key): Change(container, key, old)})
            seen.add((id(container), key))
        return found

    def commit(self, checkpoint: int) -> None:
        """Keep what was written since `checkpoint`, whatever is taken back later."""
        del self._trail[checkpoint:]

    def rollback(self, checkpoint: int) -> Changes:
        """Take back all since `checkpoint` and return it."""
        found = self.changes(checkpoint)
        while len(self._trail) > checkpoint:
            container, key, old, self.epoch = self._trail.pop()
            if old is MISSING:
                container.pop(key, None)
            elif isinstance(old, Prefix):
                container[key] = container[key][: old.length]
            else:
                container[key] = old
        return found


class PathChanges(Struct, frozen=True):
    """One of the ways to a point where ways meet: its condition and what it changed."""

    condition: str | None
    changes: Changes


def join_paths(
    store: Store, paths: Sequence[PathChanges], discriminant: str | None, place: Place, since: TaskId | None = None
) -> None:
    """Apply to the state what it is after exactly one of the paths, each counted from the present state.

    Work with a handle after `since` was started on one of the paths only.
    """
    if len(paths) == 1:
        apply(store, paths[0].changes)
        return
    keys = {key: change for path in paths for key, change in path.changes.items()}
    for key, change in keys.items():
        present = change.container.get(change.key, MISSING)
        ways = [(p.condition, p.changes[key].value if key in p.changes else present) for p in paths]
        store.budget.spend(Limit.JOINED, sum(weight(value) for _, value in ways))
        store.write(change.container, change.key, join_slot(store.budget, ways, discriminant, place, since))


def apply(store: Store, changes: Changes) -> None:
    """Make changes again that were taken back."""
    for change in changes.values():
        store.write(change.container, change.key, change.value)


def join_any(store: Store, ways: Sequence[Changes], place: Place, since: TaskId | None = None) -> Changes:
    """Return what the state is after any of several ways, or none of them, without conditions to tell them apart.

    Work with a handle after `since` was started on one of these ways only.
    """
    keys = {key: change for way in ways for key, change in way.items()}
    found: Changes = {}
    for key, change in keys.items():
        present = change.container.get(change.key, MISSING)
        values = [present, *(way[key].value for way in ways if key in way)]
        store.budget.spend(Limit.JOINED, len(ways) + sum(map(weight, values)))
        found[key] = Change(
            change.container, change.key, join_slot_values(store.budget, change.key, values, place, since)
        )
    return found


def unstable(seen: Changes, found: Changes, newest: int) -> Changes:
    """Return the changes `found` at the end of code for which it has to be read again: it was with those `seen`.

    What is bound in that code only is no reason: it is bound again before it is used. Neither is an object or a
    collection that the code makes, after the `newest` before it.
    """
    changed: Changes = {}
    for key, change in found.items():
        if newest < change.container.serial < NEWEST_OF_ALL:
            continue
        before = seen[key].value if key in seen else change.container.get(change.key, MISSING)
        if before is not MISSING and not is_same(before, change.value) and matters(before, change.value):
            changed[key] = change
    return changed
