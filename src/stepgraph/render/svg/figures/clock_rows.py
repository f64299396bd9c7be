"""Work that runs at the same time: beside each other what does, below each other what waits for what is above."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from typing import Final, TypeAlias

from msgspec import Struct
from msgspec.structs import force_setattr

from stepgraph.render.group_order import RowSpan
from stepgraph.render.svg.figures.clock_columns import UNPLANNED, ColumnPlan, Track, column_plan
from stepgraph.render.svg.figures.columns import UNPLACED, ColumnLayout, Extent, place_columns
from stepgraph.render.svg.figures.connectors import THICK, draw_bar
from stepgraph.render.svg.figures.figure import GAP, EarlyExits, Figure, Lanes
from stepgraph.render.svg.lengths import Length, SymbolicLength, longest, value_of
from stepgraph.render.svg.pen import Pen

_FORK: Final = 16
_ABOVE_BAR: Final = 20
_OVERHANG: Final = 12
_CLEAR: Final = 4
_TAIL: Final = 14
_LOOSE_END: Final = 10

_Lane: TypeAlias = tuple[int, Length]


class Member(Struct, frozen=True):
    """A figure of a group, and the rows it takes. Nothing waits for one that is not `awaited`."""

    figure: Figure
    rows: RowSpan
    awaited: bool = True


class ClockRows(Struct, frozen=True):
    """A group between two bars. A bar between rows is where what begins below it waits for what ends above it.

    Between rows where one member just follows the one above it, an arrow does. What passes a bar is not bound by it. A
    group that is over with its `first_over` has another bar at its end. From `plan` on, all follows from the members.
    """

    members: Sequence[Member]
    first_over: bool
    plan: ColumnPlan = UNPLANNED
    bars: Sequence[Length] = ()
    columns: ColumnLayout = UNPLACED
    stopped: frozenset[tuple[int, int]] = frozenset()

    def __post_init__(self) -> None:
        force_setattr(self, "plan", column_plan([Track(member.rows, member.awaited) for member in self.members]))
        force_setattr(self, "stopped", self._stopped())
        force_setattr(self, "bars", self._bars())
        force_setattr(self, "columns", place_columns(self._extents()))

    @property
    def left(self) -> int:
        """Return how far it reaches to the left."""
        return max(self.columns.left, _OVERHANG)

    @property
    def right(self) -> int:
        """Return how far it reaches to the right."""
        return max(self.columns.right, _OVERHANG)

    @property
    def height(self) -> Length:
        """Return how high it is."""
        return self._end + (self.columns.room_below + _TAIL)

    @property
    def goes_on(self) -> bool:
        """Tell whether all of it goes on: where some of it leaves for good, so does all."""
        return all(member.figure.goes_on for member in self.members)

    @property
    def exits(self) -> EarlyExits:
        """Return the exits of all."""
        return self.columns.exits(self._end)

    def draw(self, pen: Pen, lanes: Lanes) -> None:
        """Draw the bars, the lines between them, and the members."""
        pen.path("line", f"M0 0V{self.bars[0]}")
        self._draw_tails(pen)
        columns, lanes_between = self._by_column(), self._lanes()
        for row in range(len(self.bars)):
            self._draw_bar(pen, row, columns, lanes_between)
        for member, column in zip(self.members, self.plan.columns, strict=False):
            pen.open_at(self.columns.spines[column], self._top(member.rows))
            if self._thickness(member.rows.begins) or (member.rows.begins, column) not in self.stopped:
                pen.down()
            member.figure.draw(pen, self.columns.lanes(column, lanes))
            pen.close()
        if self.goes_on:
            pen.path("line", f"M0 {self._end}V{self.height}")
        self.columns.draw_exits(pen, lanes, self._end)

    def _draw_tails(self, pen: Pen) -> None:
        """Draw the lines from members to the bars where they are waited for, wires, and the ends of the others."""
        paths = {"line": "", "unawaited": "", "unawaited end": ""}
        for track, column, figure in self._tracks():
            x = self.columns.spines[column]
            if figure is None:
                paths["line"] += f"M{x} {self.bars[track.rows.begins]}V{self.bars[track.rows.ends]}"
            elif figure.goes_on:
                begin = self._top(track.rows) + figure.height
                if track.awaited:
                    paths["line"] += f"M{x} {begin}V{self.bars[track.rows.ends]}"
                else:
                    paths["unawaited"] += f"M{x} {begin}v{_LOOSE_END}"
                    paths["unawaited end"] += f"M{x} {begin + _LOOSE_END}a3 3 0 1 0 1 0z"
        for css, path in paths.items():
            if path:
                pen.path(css, path)

    def _draw_bar(self, pen: Pen, row: int, columns: Sequence[Sequence[Member]], lanes: Sequence[_Lane]) -> None:
        """Draw the bar above a row, with gaps where something passes: a line, or a whole figure."""
        if not self._thickness(row):
            return
        last, spines = len(self.bars) - 1, self.columns.spines
        spines = [spines[column] for column in (*self._leading(row), *self.plan.meetings[row].beginning)]
        if row == 0 or (row == last and self.goes_on):
            spines.append(0)
        if not spines:
            return
        css = "bar first" if self.first_over and row == last else "bar"
        passing = list(self._passages(row, columns))
        passing += [(x, x) for x, begins in lanes if value_of(begins) < value_of(self.bars[row])]
        draw_bar(pen, css, self.bars[row], (min(spines) - _OVERHANG, max(spines) + _OVERHANG), passing)

    def _passages(self, row: int, columns: Sequence[Sequence[Member]]) -> Iterator[tuple[int, int]]:
        """Yield from where to where what passes the bar above a row is: a figure that may be beside it, or a line.

        Where heights vary, any figure may. What nothing waits for ends above the bar, and what leaves for good leads no
        line past it.
        """
        for column in self.plan.meetings[row].passing:
            spine, members = self.columns.spines[column], columns[column]
            member = members[bisect_left(members, row, key=lambda member: member.rows.begins) - 1]
            bar, bottom = self.bars[row], self._top(member.rows) + member.figure.height
            may_be_beside = isinstance(bar, SymbolicLength) or bar < value_of(bottom) + _CLEAR
            if member.awaited and may_be_beside:
                yield spine - member.figure.left, spine + member.figure.right
            elif member.awaited and member.figure.goes_on:
                yield spine, spine

    def _leading(self, row: int) -> list[int]:
        """Return the columns that lead to the bar above a row: work may be over there though other work leaves."""
        return [column for column in self.plan.meetings[row].ending if (row, column) not in self.stopped]

    def _lanes(self) -> list[_Lane]:
        """Return where lines of exits go down between the columns, and from where on."""
        return [
            (spine + lane, begins)
            for column, spine in zip(self.columns.columns[:-1], self.columns.spines, strict=False)
            for begins, lane in (
                (column.exits.breaks, column.lanes.breaks),
                (column.exits.returns, column.lanes.returns),
            )
            if begins is not None
        ]

    @property
    def _end(self) -> Length:
        return self.bars[-1] + THICK

    def _tracks(self) -> Iterator[tuple[Track, int, Figure | None]]:
        """Yield each line with its column and its figure; wires have none."""
        figures: list[Figure | None] = [member.figure for member in self.members]
        figures += [None] * (len(self.plan.tracks) - len(figures))
        return zip(self.plan.tracks, self.plan.columns, figures, strict=True)

    def _by_column(self) -> list[list[Member]]:
        columns: list[list[Member]] = [[] for _ in self.columns.columns]
        for member, column in zip(self.members, self.plan.columns, strict=False):
            columns[column].append(member)
        return columns

    def _stopped(self) -> frozenset[tuple[int, int]]:
        """Return the rows and columns in which nothing comes from what ends there: it is left for good before that."""
        ends = ((track.rows.ends, column, figure) for track, column, figure in self._tracks())
        return frozenset((row, column) for row, column, figure in ends if figure and not figure.goes_on)

    def _thickness(self, row: int) -> int:
        """Return how thick the bar above a row is: nothing where an arrow does."""
        return 0 if 0 < row < len(self.plan.meetings) - 1 and self.plan.meetings[row].follows else THICK

    def _top(self, rows: RowSpan) -> Length:
        return self.bars[rows.begins] + (self._thickness(rows.begins) + GAP)

    def _bars(self) -> list[Length]:
        """Return how far down each bar is: below all that is waited for there."""
        bars: list[Length] = [_FORK]
        ending: dict[int, list[Member]] = {}
        for member in self.members:
            # The next bar is below where what nothing waits for ends: it needs no gap.
            ending.setdefault(member.rows.ends if member.awaited else member.rows.begins + 1, []).append(member)
        for row in range(1, len(self.plan.meetings)):
            above = _ABOVE_BAR if self._thickness(row) else 0
            bottoms = [
                bars[member.rows.begins] + (self._thickness(member.rows.begins) + GAP + above) + member.figure.height
                for member in ending.get(row, ())
            ]
            bars.append(longest([bars[-1] + (THICK + above), *bottoms]))
        return bars

    def _extents(self) -> list[Extent]:
        extents = [Extent(0, 0)] * (max(self.plan.columns) + 1)
        for track, column, figure in self._tracks():
            if figure is not None:
                known = extents[column]
                exits = known.exits.before(figure.exits.lowered(self._top(track.rows)))
                extents[column] = Extent(max(known.left, figure.left), max(known.right, figure.right), exits)
        return extents
