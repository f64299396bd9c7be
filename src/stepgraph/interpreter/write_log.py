"""Logs of the values that code writes on any of its paths, also on those that end with an exception.

The trail of the store forgets the writes of a path when the path is rolled back; a log keeps them. Concurrent code may
read each of these values, and a summary that lacks one of them must not serve another call.
"""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct, field

from stepgraph.interpreter.joining import MISSING, Slot, ValueSet, affects_steps, has_relevant_value
from stepgraph.interpreter.values.containers import HeapCell
from stepgraph.limits import Limit


class LoggedSlot(Struct):
    """A slot, and the values written to it."""

    container: HeapCell
    key: str
    initial: Slot
    """The value before the first write."""
    values: list[Slot] = field(default_factory=list)
    """The written values, without duplicates."""
    _unique: ValueSet = field(default_factory=ValueSet)

    @property
    def present(self) -> Slot:
        """The present value of the slot."""
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
        return any(affects_steps(self.initial, value) for value in (*self.values, self.present))

    def add(self, value: Slot) -> bool:
        """Add a value. Return False if it is there already."""
        if isinstance(value, tuple):
            self.container.budget.spend(Limit.ELEMENTS, len(value) + len(self.values))
            is_new = value not in self.values
        else:
            is_new = self._unique.add(value)
        if is_new:
            self.values.append(value)
        return is_new

    def extend(self, before: Slot, value: Slot) -> None:
        """Add the elements of a collection after an append, which include those before it."""
        if self.values and self.values[-1] is before:
            self.values[-1] = value
        else:
            self.values.append(value)


class WriteLog(Struct):
    """The slots that some code writes and that are older than the code."""

    newest: int
    """The serial of the newest cell before the code."""
    _slots: dict[tuple[int, str], LoggedSlot] = field(default_factory=dict)

    def __iter__(self) -> Iterator[LoggedSlot]:
        return iter(self._slots.values())

    def __len__(self) -> int:
        return len(self._slots)

    def slot(self, container: HeapCell, key: str, initial: Slot) -> LoggedSlot | None:
        """Return the log of a slot, whose value before the present write is `initial`. None for a newer cell."""
        if container.serial > self.newest:
            return None
        logged = self._slots.get((container.serial, key))
        if logged is None:
            logged = self._slots[container.serial, key] = LoggedSlot(container, key, initial)
        return logged

    def merge(self, inner: WriteLog) -> None:
        """Add the writes of code that this code has run."""
        for slot in inner:
            logged = self.slot(slot.container, slot.key, slot.initial)
            if logged is not None:
                for value in slot.values:
                    logged.add(value)
