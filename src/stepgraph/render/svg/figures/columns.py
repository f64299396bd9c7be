"""Where figures stand that are beside each other, and how exits get out between them."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Final

from msgspec import Struct

from stepgraph.render.svg.figures.figure import NO_EXITS, EarlyExits, ExitKind, Lanes
from stepgraph.render.svg.lengths import Length
from stepgraph.render.svg.pen import Pen

BETWEEN: Final = 22
_FIRST_LANE: Final = 10
_NEXT_LANE: Final = 8
_OFF_LANES: Final = 12
"""How far the common spine keeps off the lanes between columns: more than a bar does."""

_NEAR: Final = 96


class Extent(Struct, frozen=True):
    """What one of them takes to both sides of its own spine, and where it is left early, seen from above all.

    One that is `bare` is but a line, below a label: others may cross it.
    """

    left: int
    right: int
    exits: EarlyExits = NO_EXITS
    bare: bool = False

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


class ColumnLayout(Struct, frozen=True):
    """Columns with the spines of their spines.

    The exits of the last one, not counting bare ones, go straight to the right. Those of the others turn down beside
    them, to below all, and then to the right: returns first, for they lead farther.
    """

    columns: Sequence[Extent]
    spines: Sequence[int]
    straight_from: int

    @property
    def left(self) -> int:
        """Return how far they reach to the left."""
        return max(column.left - spine for column, spine in zip(self.columns, self.spines, strict=True))

    @property
    def right(self) -> int:
        """Return how far they reach to the right."""
        rooms = [
            column.right if self._goes_straight(index) else column.room for index, column in enumerate(self.columns)
        ]
        return max(room + spine for room, spine in zip(rooms, self.spines, strict=True))

    def lanes(self, index: int, outer: Lanes) -> Lanes:
        """Return the lanes for the exits of a column, seen from its spine."""
        return outer.seen_from(self.spines[index]) if self._goes_straight(index) else self.columns[index].lanes

    @property
    def room_below(self) -> int:
        """Return how much room exits take below all."""
        kinds = self._turning("returns") + self._turning("breaks")
        return kinds * _NEXT_LANE + (_FIRST_LANE if kinds else 0)

    def exits(self, below: Length) -> EarlyExits:
        """Return the exits of all, whose columns end at `below`."""
        first = NO_EXITS
        for index, column in enumerate(self.columns):
            if self._goes_straight(index):
                first = first.before(column.exits)
        return first.before(
            EarlyExits(
                below + self._breaks_below if self._turning("breaks") else None,
                below + _FIRST_LANE if self._turning("returns") else None,
            )
        )

    def draw_exits(self, pen: Pen, outer: Lanes, below: Length) -> None:
        """Draw the lines of exits between the columns and below them."""
        breaks_below = below + self._breaks_below
        for index, (column, spine) in enumerate(zip(self.columns, self.spines, strict=True)):
            if self._goes_straight(index):
                continue
            if column.exits.breaks is not None:
                begin = (spine + column.lanes.breaks, column.exits.breaks)
                pen.turn(begin, breaks_below, outer.breaks)
            if column.exits.returns is not None:
                pen.turn((spine + column.lanes.returns, column.exits.returns), below + _FIRST_LANE, outer.returns)

    def _goes_straight(self, index: int) -> bool:
        return index >= self.straight_from

    def _turning(self, kind: ExitKind) -> bool:
        """Tell whether exits of a kind turn down between columns."""
        return any(
            column.exits.of(kind) is not None and not self._goes_straight(index)
            for index, column in enumerate(self.columns)
        )

    @property
    def _breaks_below(self) -> int:
        return _FIRST_LANE + (_NEXT_LANE if self._turning("returns") else 0)


UNPLACED: Final = ColumnLayout((), (), 0)
"""What stands for the columns of a figure while it is being made."""


def place_columns(columns: Sequence[Extent], anchor: int | None = None, between: int = BETWEEN) -> ColumnLayout:
    """Return the columns placed beside each other, `anchor` on the common spine, else about the middle of them all."""
    spines = [0]
    straight_from = _straight_from(columns)
    for index, (before, column) in enumerate(pairwise(columns)):
        room = before.right if index >= straight_from else before.room
        spines.append(spines[-1] + room + between + column.left)
    lanes = [
        spine + lane
        for column, spine in zip(columns[:straight_from], spines, strict=False)
        for lane in (column.lanes.breaks, column.lanes.returns)
        if column.exits
    ]
    shift = _middle(spines, lanes) if anchor is None else spines[anchor]
    return ColumnLayout(columns, [spine - shift for spine in spines], straight_from)


def _middle(spines: Sequence[int], lanes: Sequence[int]) -> int:
    """Return the middle of the columns, or what is nearest to it and off all lanes."""
    last = len(spines) - 1
    middle = (spines[last // 2] + spines[(last + 1) // 2]) // 2
    near = [lane for lane in lanes if abs(lane - middle) < _NEAR]
    free = [middle, *(lane + off for lane in near for off in (_OFF_LANES, -_OFF_LANES))]
    clear = [x for x in free if all(abs(x - lane) >= _OFF_LANES for lane in near)]
    return min(clear, key=lambda x: abs(x - middle), default=middle)


def _straight_from(columns: Sequence[Extent]) -> int:
    """Return the first column whose exits meet nothing on their way to the right but lines."""
    last = len(columns) - 1
    while last > 0 and columns[last].bare:
        last -= 1
    return last
