"""Widening: a value that each pass of a loop changes further becomes `Unresolved`."""

from __future__ import annotations

from typing import Final

from msgspec import Struct

from stepgraph.interpreter.joining import MISSING, Slot, is_same
from stepgraph.interpreter.objects.values import (
    UNKNOWN,
    Element,
    HeapCell,
    LexicalScope,
    MappingEntry,
    Task,
    Union,
    Unresolved,
)
from stepgraph.interpreter.store import Change, Changes
from stepgraph.limits import Budget, Limit
from stepgraph.syntax.module import Place

_REASON: Final = "it is another value at each pass of the loop"
# How many levels of objects and collections are compared. A chain that grows at each pass is not alike beyond that.
_LEVELS: Final = 6


def grown(open_changes: Changes, seen: Changes, since: int, budget: Budget) -> Changes:
    """Return the changes that no further pass of a loop would settle.

    Objects, collections and functions that the loop makes anew, after the slots numbered `since`, are the same at each
    pass if all in them is.
    """
    comparison = _Comparison(since, budget)
    return {
        key: change
        for key, change in open_changes.items()
        if not comparison.alike(_before(key, seen, change), change.value, _LEVELS)
    }


def _before(key: tuple[int, str], seen: Changes, change: Change) -> Slot:
    return seen[key].value if key in seen else change.container.get(change.key, MISSING)


def widened(change: Change, place: Place) -> Change:
    """Return a change to a value that may be anything: elements are added of which nothing is known."""
    unresolved = Unresolved(_REASON, place)
    if not isinstance(change.value, tuple):
        return Change(change.container, change.key, unresolved)
    more: Slot = Element(unresolved, place, many=True, maybe=True)
    if any(isinstance(element, MappingEntry) for element in change.value):
        more = MappingEntry(UNKNOWN, unresolved, place, place, many=True, maybe=True)
    return Change(change.container, change.key, (*change.value, more))


class _Comparison(Struct):
    since: int
    budget: Budget

    def alike(self, one: Slot, other: Slot, levels: int) -> bool:
        """Whether two values differ only in being made at another pass."""
        if one is other or is_same(one, other):
            return True
        if type(one) is not type(other) or not levels:
            return False
        self.budget.spend(Limit.JOINED)
        if isinstance(one, Task):
            return True
        if isinstance(one, tuple) and all(isinstance(task, int) for task in (*one, *other)):
            return True  # the tasks of a group, which are others at each pass
        if isinstance(one, Union):
            known = [case.value for case in one.cases]
            return all(any(self.alike(a, case.value, levels - 1) for a in known) for case in other.cases)
        if isinstance(one, tuple):
            return len(one) == len(other) and all(self.alike(a, b, levels) for a, b in zip(one, other, strict=True))
        if isinstance(one, HeapCell):
            return self._alike_slots(one, other, levels)
        if isinstance(one, LexicalScope):
            return self.alike(one.names, other.names, levels) and self.alike(one.parent, other.parent, levels)
        if isinstance(one, int | frozenset):
            return True  # the numbers of executions and tasks
        if not isinstance(one, Struct):
            return False
        return all(self.alike(getattr(one, name), getattr(other, name), levels - 1) for name in one.__struct_fields__)

    def _alike_slots(self, one: HeapCell, other: HeapCell, levels: int) -> bool:
        if min(one.serial, other.serial) <= self.since or one.keys() != other.keys():
            return False
        return all(self.alike(value, other[key], levels - 1) for key, value in one.items())
