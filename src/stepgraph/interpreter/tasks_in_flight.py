"""Tasks in flight: what they read and write beside the present code."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeAlias

from msgspec import Struct, field

from stepgraph.interpreter.joining import Slot, union_values
from stepgraph.interpreter.values.containers import HeapCell
from stepgraph.interpreter.write_log import LoggedSlot
from stepgraph.ir.await_groups import TaskId
from stepgraph.syntax.module import Place

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
    writes: dict[SlotId, LoggedSlot] = field(default_factory=dict)
    """The values that the task may write to slots older than itself."""
    exclusive_writes: list[TaskWrite] = field(default_factory=list)
    """Writes to slots that no other task in flight writes to."""
    contested: set[SlotId] = field(default_factory=set)
    """Slots that other code has written since the start of the task."""
    seen: dict[SlotId, LoggedSlot] = field(default_factory=dict)
    """The values of the slots that other code has written while the task may have read them."""

    def see(self, container: HeapCell, key: str, value: Slot) -> bool:
        """Record a value that the task may read. Return whether it is new."""
        slot = self.seen.setdefault((container.serial, key), LoggedSlot(container, key, value))
        added = [slot.add(leaf) for leaf in union_values(value)]
        return any(added)

    def add_writes(self, writes: Iterable[LoggedSlot]) -> None:
        """Add values that the task may write."""
        for logged in writes:
            slot = self.writes.setdefault(
                (logged.container.serial, logged.key), LoggedSlot(logged.container, logged.key, logged.initial)
            )
            for value in logged.values:
                slot.add(value)


class TaskWrite(Struct, frozen=True):
    """A slot that a task writes to, with its value while the task is in flight and afterwards."""

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
    """The task in flight that may write the new value at any time, None for the present code."""

    @property
    def slot(self) -> SlotId:
        """The slot that was written."""
        return self.container.serial, self.key
