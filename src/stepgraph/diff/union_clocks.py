"""The clocks of what was removed, among those of what is there now."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping, Sequence
from itertools import accumulate
from typing import TypeAlias

from stepgraph.diff.elements import CLOCKS, Fields

BeforeAndNow: TypeAlias = tuple[Mapping[str, object], Mapping[str, object]]


class SiblingClocks:
    """The clocks of the nodes beside removed ones, which are in both versions.

    `beside` holds the fields of these nodes, as they were and as they are.
    """

    def __init__(self, beside: Sequence[BeforeAndNow]) -> None:
        now = [number for _, fields_now in beside for number in _clocks(fields_now)]
        self._first, self._last = min(now, default=None), max(now, default=None)
        known = sorted((before, after) for was, is_now in beside for before, after in _pairs(was, is_now))
        self._before = [before for before, _ in known]
        # The latest clock of those up to each one, and the earliest of those from it on.
        self._latest = list(accumulate((after for _, after in known), max))
        self._earliest = list(accumulate((after for _, after in reversed(known)), min))[::-1]

    def place(self, fields: Fields) -> Fields:
        """Return the fields of a removed node with clocks that fit its siblings; without any where they have none."""
        others = {name: value for name, value in fields.items() if name not in CLOCKS}
        if self._first is None or self._last is None:
            return others if len(others) < len(fields) else fields
        starts, resolves = fields.get("starts"), fields.get("resolves")
        if not isinstance(starts, int):
            return {**others, "starts": self._last, "resolves": self._last + 1}
        up_to = bisect_right(self._before, starts)
        begins = self._latest[up_to - 1] if up_to else self._first
        if not isinstance(resolves, int):
            return {**others, "starts": begins}
        place = bisect_left(self._before, resolves)
        ends = self._earliest[place] if place < len(self._earliest) else self._last
        return {**others, "starts": begins, "resolves": max(ends, begins + 1)}


def _clocks(fields: Mapping[str, object]) -> Iterable[int]:
    return [value for name in CLOCKS if isinstance(value := fields.get(name), int)]


def _pairs(before: Mapping[str, object], now: Mapping[str, object]) -> list[tuple[int, int]]:
    """Return each clock that a node had and has, as it was and as it is."""
    return [
        (was, is_now)
        for name in CLOCKS
        if isinstance(was := before.get(name), int) and isinstance(is_now := now.get(name), int)
    ]
