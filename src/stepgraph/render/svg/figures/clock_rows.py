"""Work that runs at the same time: beside each other what does, below each other what waits for what is above."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from stepgraph.render.flow.group_order import RowSpan
from stepgraph.render.svg.figures.figure import GAP, Drawing, Exits, Figure, Lanes
from stepgraph.render.svg.figures.side_by_side import Extent, SideBySide, side_by_side
from stepgraph.render.svg.lengths import Length, longest
from stepgraph.render.svg.pen import Pen

_FORK: Final = 16
_THICK: Final = 6
_ABOVE_BAR: Final = 20
_OVERHANG: Final = 12
_TAIL: Final = 14


@dataclass(frozen=True, slots=True)
class Member:
    """A figure of a group, and the rows it takes. Nothing waits for one that is not `awaited`."""

    figure: Figure
    rows: RowSpan
    awaited: bool = True


@dataclass(frozen=True, slots=True)
class ClockRows:
    """A group between two bars. A bar between rows is where what begins below it waits for what is over above it.

    A group that is over with its `first_over` has another bar at its end.
    """

    members: Sequence[Member]
    first_over: bool
    columns: Sequence[int] = field(init=False)
    bars: Sequence[Length] = field(init=False)
    beside: SideBySide = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "columns", _columns([member.rows for member in self.members]))
        object.__setattr__(self, "bars", _bars(self.members))
        object.__setattr__(self, "beside", side_by_side(self._extents()))

    @property
    def left(self) -> int:
        """Return how far it reaches to the left."""
        return max(self.beside.left, _OVERHANG)

    @property
    def right(self) -> int:
        """Return how far it reaches to the right."""
        return max(self.beside.right, _OVERHANG)

    @property
    def height(self) -> Length:
        """Return how high it is."""
        return self.bars[-1] + (_THICK + self.beside.room_below + _TAIL)

    @property
    def goes_on(self) -> bool:
        """Tell whether all of it goes on: where some of it leaves for good, so does all."""
        return all(member.figure.goes_on for member in self.members)

    @property
    def exits(self) -> Exits:
        """Return the exits of all."""
        return self.beside.exits(self.bars[-1] + _THICK)

    def draw(self, pen: Pen, lanes: Lanes) -> Drawing:
        """Draw the bars, the lines between them, and the members."""
        pen.path("line", f"M0 0V{self.bars[0]}")
        self._draw_bars(pen)
        for member, column in zip(self.members, self.columns, strict=True):
            pen.open_at(self.beside.places[column], self._top(member))
            pen.down()
            yield member.figure.draw(pen, self.beside.lanes(column, lanes))
            pen.close()
        end = self.bars[-1] + _THICK
        if self.goes_on:
            pen.path("line", f"M0 {end}V{self.height}")
        self.beside.draw_exits(pen, lanes, end)

    def _draw_bars(self, pen: Pen) -> None:
        waits, unawaited = self._tails()
        for path, css in ((waits, "line"), (unawaited, "unawaited")):
            if path:
                pen.path(css, path)
        for row, bar in enumerate(self.bars):
            columns = self._columns_at(row)
            if not columns:
                continue
            css = "bar first" if self.first_over and row == len(self.bars) - 1 else "bar"
            left, right = columns[0] - _OVERHANG, columns[-1] + _OVERHANG
            pen.box(css, (left, bar), (right - left, _THICK), _THICK // 2)

    def _tails(self) -> tuple[str, str]:
        """Return the lines from members to the bars where they are waited for, and from those that none waits for."""
        waits, unawaited = "", ""
        for member, column in zip(self.members, self.columns, strict=True):
            x, begin = self.beside.places[column], self._top(member) + member.figure.height
            if not member.figure.goes_on:
                continue
            if member.awaited:
                over_bar = _THICK if self._is_single_file(member.rows.ends) else 0
                waits += f"M{x} {begin}V{self.bars[member.rows.ends] + over_bar}"
            else:
                unawaited += f"M{x} {begin}V{self.bars[-1] - _THICK}"
        return waits, unawaited

    def _columns_at(self, row: int) -> list[int]:
        """Return the places of the columns that a bar connects, none where there need be no bar."""
        if row == len(self.bars) - 1 and not self.goes_on:
            return []
        if self._is_single_file(row):
            return []
        spines = {self.beside.places[column] for column in (*self._ending(row), *self._beginning(row))}
        return sorted(spines | ({0} if row in {0, len(self.bars) - 1} else set()))

    def _is_single_file(self, row: int) -> bool:
        """Tell whether between two rows one member follows one other, straight below it."""
        return (
            0 < row < len(self.bars) - 1 and len(self._ending(row)) == 1 and self._ending(row) == self._beginning(row)
        )

    def _ending(self, row: int) -> list[int]:
        both = zip(self.members, self.columns, strict=True)
        return [column for member, column in both if member.rows.ends == row and member.awaited]

    def _beginning(self, row: int) -> list[int]:
        both = zip(self.members, self.columns, strict=True)
        return [column for member, column in both if member.rows.begins == row]

    def _top(self, member: Member) -> Length:
        return self.bars[member.rows.begins] + (_THICK + GAP)

    def _extents(self) -> list[Extent]:
        extents: list[Extent] = []
        for number in range(max(self.columns) + 1):
            inside = [member for member, column in zip(self.members, self.columns, strict=True) if column == number]
            exits = Exits()
            for member in inside:
                exits = exits.before(member.figure.exits.lowered(self._top(member)))
            left = max(member.figure.left for member in inside)
            extents.append(Extent(left, max(member.figure.right for member in inside), exits))
        return extents


def _columns(rows: Sequence[RowSpan]) -> list[int]:
    """Return a column for each member: the one of what it follows, if that is free, else one of its own."""
    columns: list[int] = []
    free_from: list[int] = []
    for span in rows:
        free = [column for column, row in enumerate(free_from) if row <= span.begins]
        follows = [column for column in free if free_from[column] == span.begins]
        column = next(iter(follows or free), len(free_from))
        free_from[column:] = [span.ends, *free_from[column + 1 :]]
        columns.append(column)
    return columns


def _bars(members: Sequence[Member]) -> list[Length]:
    """Return how far down each bar is: below all that is waited for there."""
    bars: list[Length] = [_FORK]
    for row in range(1, max(member.rows.ends for member in members) + 1):
        bottoms = [
            bars[member.rows.begins] + (_THICK + GAP + _ABOVE_BAR) + member.figure.height
            for member in members
            if member.rows.ends == row
        ]
        bars.append(longest([bars[-1] + (_THICK + _ABOVE_BAR), *bottoms]))
    return bars
