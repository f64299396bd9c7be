"""Logs of the values that code writes on any path, and of the values that tasks in flight read and write.

When a path is rolled back or raises, the trail of the store discards its writes, but the log keeps them. Concurrent
code may read any of these values, and a summary that lacks one of them must not be used for another call. Only
writes that can change which steps run matter.
"""

from __future__ import annotations

from collections.abc import Collection as AnyCollection
from collections.abc import Iterable, Iterator
from typing import Final, TypeAlias

from msgspec import Struct, field

from stepgraph.interpreter.equivalence import MISSING, Slot, ValueSet
from stepgraph.interpreter.joining import has_relevant_value, union_values
from stepgraph.interpreter.values.containers import Element, MappingEntry
from stepgraph.interpreter.values.heap_cells import HeapCell
from stepgraph.ir.await_groups import TaskId
from stepgraph.ir.values import Absent, Constant, Duration, External, Moment, Template, Unknown, Value, is_none
from stepgraph.limits import Limit
from stepgraph.syntax.module import SourcePlace


class LoggedSlot(Struct):
    """A slot and the values written to it."""

    container: HeapCell
    key: str
    initial: Slot
    """The value before the first write."""
    values: list[Slot] = field(default_factory=list)
    """The written values, without duplicates."""
    is_append: bool = False
    """Whether all writes are appends to the initial value of a collection, so the only written value is the last."""
    _unique: ValueSet = field(default_factory=ValueSet)

    @property
    def present(self) -> Slot:
        """The current value of the slot."""
        return self.container.get(self.key, MISSING)

    @property
    def is_relevant(self) -> bool:
        """Whether one of the values can lead to a step, or fills a collection that is empty at the end."""
        values = [self.initial, *self.values, self.present]
        return any(map(has_relevant_value, values)) or (
            self.present == () and any(isinstance(v, tuple) and v for v in values)
        )

    @property
    def affects_steps(self) -> bool:
        """Whether one of the writes can change which steps run."""
        if self.is_append and isinstance(self.initial, tuple) and self.present is self.values[-1]:
            return append_affects_steps(self.initial, self.present[len(self.initial) :])
        return any(affects_steps(self.initial, value) for value in (*self.values, self.present))

    def add(self, value: Slot) -> bool:
        """Add a value. Return False if the log already contains it."""
        self.is_append = False
        if isinstance(value, tuple):
            self.container.budget.spend(Limit.ELEMENTS, len(value) + len(self.values))
            is_new = value not in self.values
        else:
            is_new = self._unique.add(value)
        if is_new:
            self.values.append(value)
        return is_new

    def extend(self, before: Slot, value: Slot) -> None:
        """Add the elements of a collection after an append, in place of the elements before the append."""
        if self.values and self.values[-1] is before:
            self.values[-1] = value
        else:
            self.is_append = not self.values and before is self.initial
            self.values.append(value)


class SlotChange(Struct, frozen=True):
    """A slot and its value at the end of a path."""

    container: HeapCell
    key: str
    value: Slot


SlotKey: TypeAlias = tuple[int, str]
"""The `id` of a cell and the key of a slot in it."""
Changes: TypeAlias = dict[SlotKey, SlotChange]


class WriteLog(Struct):
    """A log of the writes of some code to cells that existed before the code ran, and to shared cells."""

    newest: int
    """The serial of the newest cell that existed before the code ran."""
    slots: dict[tuple[int, str], LoggedSlot] = field(default_factory=dict)
    """The written slots, by serial of the cell and key."""

    def __iter__(self) -> Iterator[LoggedSlot]:
        return iter(self.slots.values())

    def __len__(self) -> int:
        return len(self.slots)

    def slot(self, container: HeapCell, key: str, initial: Slot) -> LoggedSlot | None:
        """Return the log of a slot. `initial` is the value before the current write.

        Return None for a newer cell, unless it is shared: modules and classes exist before the code runs.
        """
        if container.serial > self.newest and not container.is_shared:
            return None
        logged = self.slots.get((container.serial, key))
        if logged is None:
            logged = self.slots[container.serial, key] = LoggedSlot(container, key, initial)
        return logged

    def merge(self, inner: Iterable[LoggedSlot]) -> None:
        """Add the writes logged for code that this code has run."""
        for slot in inner:
            logged = self.slot(slot.container, slot.key, slot.initial)
            if logged is not None and slot.is_append:
                logged.extend(slot.initial, slot.values[-1])
            elif logged is not None:
                for value in slot.values:
                    logged.add(value)

    def repeatable_writes(self) -> tuple[SlotChange, ...] | None:
        """Return the logged writes with their final values. Return None if one of them can affect steps.

        Writes to collections are omitted, because elements that cannot affect steps need not be repeated.
        """
        writes: list[SlotChange] = []
        for logged in self:
            if logged.affects_steps:
                return None
            if not isinstance(logged.present, tuple):
                writes.append(SlotChange(logged.container, logged.key, logged.present))
        return tuple(writes)


# A slot, identified by the serial of its cell and its key.
SlotId: TypeAlias = tuple[int, str]
# The key that stands for all slots of a cell in the reads of code that lists the names in the cell.
ALL_KEYS: Final = "*"


def is_read(slot: SlotId, reads: AnyCollection[SlotId]) -> bool:
    """Return whether a slot is among some reads, alone or with all slots of its cell."""
    return slot in reads or (slot[0], ALL_KEYS) in reads


class TaskState(Struct, eq=False):
    """The reads and writes that a task in flight shares with concurrent code."""

    task_id: TaskId
    place: SourcePlace
    """The call that creates the coroutine."""
    loop_depth: int
    """The number of loops around the start of the task."""
    loop_pass: int
    """The value of `Interpreter.repeated_passes` at the start of the task."""
    reads: frozenset[SlotId] = frozenset()
    """The slots that the task reads and that are older than its start, or than a later evaluation of its body."""
    writes: dict[SlotId, LoggedSlot] = field(default_factory=dict)
    """The values that the task may write to slots older than itself."""
    exclusive_writes: list[TaskWrite] = field(default_factory=list)
    """The writes to slots that no other task in flight writes."""
    contested: set[SlotId] = field(default_factory=set)
    """The slots in `writes` that other code has written, too, since the start of the task."""
    observed: dict[SlotId, LoggedSlot] = field(default_factory=dict)
    """The values that slots had while the task may have read them, if other code has written the slots."""

    def see(self, container: HeapCell, key: str, value: Slot) -> bool:
        """Record a value that the task may read. Return whether the value is new."""
        slot = self.observed.setdefault((container.serial, key), LoggedSlot(container, key, value))
        added = [slot.add(leaf) for leaf in union_values(value)]
        return any(added)

    @property
    def seen_count(self) -> int:
        """The number of values that the task may read in slots that other code has written."""
        return sum(len(slot.values) for slot in self.observed.values())

    def add_writes(self, writes: Iterable[LoggedSlot]) -> None:
        """Add values that the task may write."""
        for logged in writes:
            slot = self.writes.setdefault(
                (logged.container.serial, logged.key), LoggedSlot(logged.container, logged.key, logged.initial)
            )
            for value in logged.values:
                slot.add(value)


class TaskWrite(Struct, frozen=True):
    """A slot that a task writes, with its values while the task is in flight and afterward."""

    container: HeapCell
    key: str
    pending_value: Slot
    """The join of all values that the slot may have while the task is in flight."""
    final_value: Slot
    """The value after the task is finished."""


class Rewrite(Struct, frozen=True):
    """A write by other code to a slot that a task in flight reads."""

    container: HeapCell
    key: str
    before: Slot
    """The value before the write."""
    writer: TaskState | None
    """The task in flight that may write the new value at any time; None for the current code."""

    @property
    def slot(self) -> SlotId:
        """The slot that was written."""
        return self.container.serial, self.key


_CONSTANT_TYPES: Final = (Absent, Constant, Duration, Moment, Template, Unknown)


def affects_steps(old: Slot, new: Slot) -> bool:
    """Return whether replacing `old` with `new` can change which steps run, or taint a value.

    Changes of counters, caches and other data cannot, except changes from or to None. Filling or emptying a collection
    can, because it decides whether a loop over the collection runs. Changes of unknown elements can, if other elements
    of the collection run steps.
    """
    if not isinstance(new, tuple) or not isinstance(old, tuple):
        return _can_affect_steps(new) or _can_affect_steps(old) or _is_none(old) != _is_none(new)
    if bool(old) != bool(new):
        return True
    identities = set(map(id, old))
    common = identities & set(map(id, new))
    changed = [*(element for element in new if id(element) not in common), *(e for e in old if id(e) not in common)]
    return bool(changed) and any(map(_can_affect_steps, (*changed, *old)))


def append_affects_steps(old: tuple[Slot, ...], added: tuple[Slot, ...]) -> bool:
    """Return `affects_steps` for an append to a collection."""
    return bool(added) and (not old or any(map(_can_affect_steps, added)) or any(map(_can_affect_steps, old)))


def are_constants(elements: Slot) -> bool:
    """Return whether a slot has elements whose keys and values are constant or unknown, so they never affect steps."""
    return isinstance(elements, tuple) and all(map(_is_constant, elements))


def _is_constant(element: object) -> bool:
    match element:
        case Element(value=value):
            return type(value) in _CONSTANT_TYPES
        case MappingEntry(key=key, value=value):
            return type(key) in _CONSTANT_TYPES and type(value) in _CONSTANT_TYPES
        case _:
            return False


def _is_none(slot: Slot) -> bool:
    return isinstance(slot, Value) and is_none(slot)


def _can_affect_steps(slot: Slot) -> bool:
    match slot:
        case Element(value=value):
            return value.relevant or value.tainted
        case MappingEntry(key=key, value=value):
            return key.relevant or value.relevant or value.tainted
        case Value():
            return slot.relevant or slot.tainted or isinstance(slot, External)
        case _:
            return slot is not MISSING
