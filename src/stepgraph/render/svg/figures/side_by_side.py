"""Where figures stand that are beside each other, and how exits get out between them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from stepgraph.render.svg.figures.figure import NO_EXITS, Exits, Lanes
from stepgraph.render.svg.lengths import Length
from stepgraph.render.svg.pen import Pen

BETWEEN: Final = 22
_FIRST_LANE: Final = 10
_NEXT_LANE: Final = 8


@dataclass(frozen=True, slots=True)
class Extent:
    """What one of them takes to both sides of its own spine, and where it is left early, seen from above all."""

    left: int
    right: int
    exits: Exits = NO_EXITS

    @property
    def lanes(self) -> Lanes:
        """Return where its own exits turn down, to its right."""
        first = self.right + _FIRST_LANE
        return Lanes(first, first + (_NEXT_LANE if self.exits.breaks is not None else 0))

    @property
    def room(self) -> int:
        """Return how far it reaches to the right with the lines of its exits."""
        if self.exits.returns is not None:
            return self.lanes.returns
        return self.right if self.exits.breaks is None else self.lanes.breaks


@dataclass(frozen=True, slots=True)
class SideBySide:
    """Columns with the places of their spines.

    The exits of the last one go straight to the right. Those of the others turn down beside them, to below all, and
    then to the right.
    """

    columns: Sequence[Extent]
    places: Sequence[int]

    @property
    def left(self) -> int:
        """Return how far they reach to the left."""
        return max(column.left - place for column, place in zip(self.columns, self.places, strict=True))

    @property
    def right(self) -> int:
        """Return how far they reach to the right."""
        *others, last = zip(self.columns, self.places, strict=True)
        return max([last[0].right + last[1], *(column.room + place for column, place in others)])

    def lanes(self, index: int, outer: Lanes) -> Lanes:
        """Return the lanes for the exits of a column, seen from its spine."""
        if index == len(self.columns) - 1:
            return outer.seen_from(self.places[index])
        return self.columns[index].lanes

    @property
    def room_below(self) -> int:
        """Return how much room exits take below all."""
        kinds = sum(any(getattr(column.exits, kind) is not None for column in self.columns[:-1]) for kind in _KINDS)
        return kinds * _NEXT_LANE + (_FIRST_LANE if kinds else 0)

    def exits(self, below: Length) -> Exits:
        """Return the exits of all, whose columns end at `below`."""
        first = self.columns[-1].exits
        for column in self.columns[:-1]:
            first = first.before(
                Exits(
                    None if column.exits.breaks is None else below + _FIRST_LANE,
                    None if column.exits.returns is None else below + self._returns_below,
                )
            )
        return first

    def draw_exits(self, pen: Pen, outer: Lanes, below: Length) -> None:
        """Draw the lines of exits between the columns and below them."""
        for column, place in zip(self.columns[:-1], self.places, strict=False):
            if column.exits.breaks is not None:
                lane = place + column.lanes.breaks
                pen.path("out", f"M{lane} {column.exits.breaks}V{below + _FIRST_LANE}H{outer.breaks}")
            if column.exits.returns is not None:
                lane = place + column.lanes.returns
                pen.path("out", f"M{lane} {column.exits.returns}V{below + self._returns_below}H{outer.returns}")

    @property
    def _returns_below(self) -> int:
        has_breaks = any(column.exits.breaks is not None for column in self.columns[:-1])
        return _FIRST_LANE + (_NEXT_LANE if has_breaks else 0)


_KINDS: Final = ("breaks", "returns")


def side_by_side(columns: Sequence[Extent], anchor: int | None = None, between: int = BETWEEN) -> SideBySide:
    """Return the columns placed beside each other, `anchor` on the common spine, else the middle of them all."""
    places = [0]
    for before, column in pairwise(columns):
        places.append(places[-1] + before.room + between + column.left)
    last = len(places) - 1
    middle = (places[last // 2] + places[(last + 1) // 2]) // 2
    shift = middle if anchor is None else places[anchor]
    return SideBySide(columns, [place - shift for place in places])
