"""Concurrent work in columns, with a bar wherever work waits for earlier work."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from typing import Final, TypeAlias

from msgspec import Struct
from msgspec.structs import force_setattr, replace

from stepgraph.render.group_order import RowSpan
from stepgraph.render.svg.figures.clock_columns import UNPLANNED, ColumnPlan, Track, column_plan
from stepgraph.render.svg.figures.columns import THICK, UNPLACED, Column, ColumnLayout, draw_bar, place_columns
from stepgraph.render.svg.figures.figure import GAP, EarlyExits, Figure, Lanes
from stepgraph.render.svg.lengths import Length, SymbolicLength, high_of, longest, low_of, shortest, value_of
from stepgraph.render.svg.pen import RADIUS, Pen
from stepgraph.render.traversal import Traversal

FORK: Final = 16
ABOVE_BAR: Final = 20
OVERHANG: Final = 12
_CLEAR: Final = 4
_ARROW_HEAD: Final = 10
"""The height of an arrow head with the distance to a bar above it."""

_BETWEEN_BARS: Final = 12
_MOST_LOWERED: Final = 80
"""The maximum distance by which a bar is lowered so that it passes no figure beside it."""

ARROW: Final = "M0-9V-7m-4-1 4 8 4-8z"
ARROW_ROOM: Final = RADIUS + 8
"""The distance from the line that comes from the left to the member below it."""

_LANE: Final = -4
"""The extent of a lane to each side, which makes lanes narrower than columns."""

_BEND_HEIGHT: Final = 2 * RADIUS + 4
"""The height below a figure in which its line turns into a lane."""

TAIL: Final = 14
_LOOSE_END: Final = 10

_LINE: Final = ((0, 0),)
"""The x range of the line below a figure, relative to its spine."""

_Lane: TypeAlias = tuple[Length, Length]


class StackLines(Struct, frozen=True):
    """The lines beside a stack of members, and the places where bars can pass between the members."""

    left: Length
    """The distance from the spine to the line from the bar above."""

    right: Length
    """The distance from the spine to the line to the bar below."""


class MemberFigure(Struct, frozen=True):
    """A figure of a group with the rows that it occupies."""

    figure: Figure
    rows: RowSpan
    awaited: bool = True
    """Whether the end of the group, or other work, waits for it and needs it to succeed."""

    stack: StackLines | None = None
    """The lines beside the members if the figure is a stack of them."""

    passages: Sequence[int] = ()
    """The heights in the figure of several members at which a bar passes between two of them, and crosses only lines.
    """

    has_lane: bool = False
    """Whether the line below the figure turns into a lane beside it, so that the next row can use its column."""

    depth: Length = 0
    """The height of the members above it that begin in the same row and column, or 0 for the first of them."""

    entry: Length = 0
    """The distance from the spine to the line from the bar above to a member that is not the first."""


class ClockRows(Struct, frozen=True):
    """A group between two bars.

    A bar between rows means that the work below waits for the work that ends above. An arrow replaces it where one
    member follows another. A bar has gaps for lines that it does not affect. The fields from `plan` on are computed
    from the members.
    """

    members: Sequence[MemberFigure]
    ends_with_first: bool
    """Whether the group ends with the first of its members. The look of the last bar shows this."""

    plan: ColumnPlan = UNPLANNED
    bars: Sequence[Length] = ()
    """The height of the bar above each row, and at the end."""

    columns: ColumnLayout = UNPLACED
    stopped: frozenset[tuple[int, int]] = frozenset()
    """The row and the column of the end of each figure that control never leaves."""

    stacked_rows: frozenset[int] = frozenset()
    """The rows at whose bars a stack of members begins or ends."""

    thicknesses: Sequence[int] = ()
    """The thickness of the bar above each row, which is 0 where an arrow replaces it."""

    passing: Sequence[Sequence[tuple[int, MemberFigure]]] = ()
    """The members whose figures or lines pass the bar above each row, with the columns of their lines."""

    last_row_entered: int = 0
    """The last row at which the drawn instance entered a member."""

    def __post_init__(self) -> None:
        stacks = (member.rows for member in self.members if member.stack is not None or member.depth != 0)
        force_setattr(self, "stacked_rows", frozenset(row for rows in stacks for row in (rows.begins, rows.ends)))
        tracks = [
            Track(member.rows, member.awaited, has_lane=member.has_lane, is_below=member.depth != 0)
            for member in self.members
        ]
        force_setattr(self, "plan", column_plan(tracks))
        force_setattr(self, "stopped", self._stopped())
        force_setattr(self, "thicknesses", [self._thickness(row) for row in range(len(self.plan.bars))])
        force_setattr(self, "passing", self._passing())
        entered = [member.rows.begins for member in self.members if member.figure.traversal.entered]
        force_setattr(self, "last_row_entered", max(entered, default=0))
        force_setattr(self, "bars", self._bars())
        force_setattr(self, "columns", place_columns(self._extents()))

    @property
    def left_extent(self) -> Length:
        return longest([self.columns.left_extent, OVERHANG])

    @property
    def right_extent(self) -> Length:
        return longest([self.columns.right_extent, OVERHANG])

    @property
    def height(self) -> Length:
        return self._end + (self.columns.room_below + TAIL)

    @property
    def continues(self) -> bool:
        return all(member.figure.continues for member in self.members if member.awaited)

    @property
    def traversal(self) -> Traversal:
        return Traversal(exited=all(member.figure.traversal.exited for member in self.members))

    @property
    def exits(self) -> EarlyExits:
        return self.columns.exits(self._end)

    def draw(self, pen: Pen, lanes: Lanes) -> None:
        pen.path("line", f"M0 0V{self.bars[0]}")
        self._draw_tails(pen)
        lanes_between = self._lanes()
        for row in range(len(self.bars)):
            self._draw_bar(pen, row, lanes_between)
        for member, column in zip(self.members, self.plan.columns, strict=False):
            faded = not member.figure.traversal.entered
            pen.open_at(self.columns.spines[column], self._top(member), faded=faded)
            if member.depth != 0:
                pen.path("flow", ARROW)
            elif self.thicknesses[member.rows.begins] or (member.rows.begins, column) not in self.stopped:
                pen.down()
            member.figure.draw(pen, self.columns.lanes(column, lanes))
            pen.close()
        if self.continues:
            pen.path("line", f"M0 {self._end}V{self.height}", faded=not self.traversal.exited)
        self.columns.draw_exits(pen, lanes, self._end)

    def _draw_tails(self, pen: Pen) -> None:
        """Draw the lines from members to the bars that wait for them, wires, and loose ends of other members."""
        paths = {(css, faded): "" for css in ("line", "unawaited", "unawaited end") for faded in (True, False)}
        spines = self.columns.spines
        for lower, column in zip(self.members, self.plan.columns, strict=False):
            if lower.depth != 0:
                paths["line", not lower.figure.traversal.entered] += self._entry(lower, spines[column])
        for (track, column, member), end in zip(self._tracks(), self.plan.ends, strict=True):
            x = spines[column]
            faded = not (self._is_reached(track.rows.begins) if member is None else member.figure.traversal.exited)
            if member is None:
                paths["line", faded] += f"M{x} {self.bars[track.rows.begins]}V{self.bars[track.rows.ends]}"
            elif member.figure.continues:
                begin = self._top(member) + member.figure.height
                if track.awaited and column != end:
                    outward = f"M{x} {begin}q0 {RADIUS} {RADIUS} {RADIUS}H{spines[end] - RADIUS}"
                    paths["line", faded] += f"{outward}q{RADIUS} 0 {RADIUS} {RADIUS}V{self.bars[track.rows.ends]}"
                elif track.awaited:
                    paths["line", faded] += f"M{x} {begin}V{self.bars[track.rows.ends]}"
                    if member.stack is not None:
                        paths["line", faded] += f"M{x + member.stack.right} {begin}V{self.bars[track.rows.ends]}"
                else:
                    paths["unawaited", faded] += f"M{x} {begin}v{_LOOSE_END}"
                    paths["unawaited end", faded] += f"M{x} {begin + _LOOSE_END}a3 3 0 1 0 1 0z"
        for (css, faded), path in paths.items():
            if path:
                pen.path(css, path, faded=faded)

    def _entry(self, member: MemberFigure, spine: Length) -> str:
        """Return the path from the bar above to a member that is not the first in its column."""
        down = f"M{spine - member.entry} {self.bars[member.rows.begins]}V{self._top(member) + -(ARROW_ROOM + RADIUS)}"
        return f"{down}q0 {RADIUS} {RADIUS} {RADIUS}H{spine + -RADIUS}q{RADIUS} 0 {RADIUS} {RADIUS}"

    def _draw_bar(self, pen: Pen, row: int, lanes: Sequence[_Lane]) -> None:
        """Draw the bar above a row, with gaps for lines and figures that pass it."""
        if not self.thicknesses[row]:
            return
        last, spines = len(self.bars) - 1, self.columns.spines
        spines = [spines[column] for column in (*self._leading(row), *self.plan.bars[row].beginning)]
        if row == 0 or (row == last and self.continues):
            spines.append(0)
        if not spines:
            return
        css = "bar first" if self.ends_with_first and row == last else "bar"
        passing = list(self._passages(row))
        passing += [(x, x) for x, begins in lanes if low_of(begins) < high_of(self.bars[row]) + THICK]
        css = css if self._is_reached(row) else f"{css} faded"
        # Folding changes distances between spines, but not their order.
        begin, end = min(spines, key=value_of) - OVERHANG, max(spines, key=value_of) + OVERHANG
        begins, ends = self._lines_at(row)
        if begins or ends:
            begin = shortest([begin, *(x - OVERHANG // 2 for x in begins)])
            end = longest([end, *(x + OVERHANG // 2 for x in ends)])
        draw_bar(pen, css, self.bars[row], (begin, end), passing)

    def _lines_at(self, row: int) -> tuple[list[Length], list[Length]]:
        """Return the x positions of the lines beside stacks that begin, and that end, at the bar above a row."""
        begins: list[Length] = []
        ends: list[Length] = []
        if row not in self.stacked_rows:
            return begins, ends
        for member, column in zip(self.members, self.plan.columns, strict=False):
            if member.depth != 0 and member.rows.begins == row:
                begins.append(self.columns.spines[column] - member.entry)
            if member.stack is not None:
                if member.rows.begins == row:
                    begins.append(self.columns.spines[column] - member.stack.left)
                if member.rows.ends == row:
                    ends.append(self.columns.spines[column] + member.stack.right)
        return begins, ends

    def _is_reached(self, row: int) -> bool:
        """Return whether the drawn instance reached the bar above a row."""
        if row in (0, len(self.bars) - 1):
            return row == 0 or self.traversal.exited
        return row <= self.last_row_entered

    def _passages(self, row: int) -> Iterator[tuple[Length, Length]]:
        """Yield the x ranges of figures and lines that pass the bar above a row.

        Where lengths vary, any figure of a passing column may be beside the bar.
        """
        for column, member in self.passing[row]:
            if member.awaited:
                spine = self.columns.spines[column]
                for begin, end in _LINE if member.has_lane else self._passage(self.bars[row], member):
                    yield spine + begin, spine + end

    def _passing(self) -> list[list[tuple[int, MemberFigure]]]:
        members: dict[int, list[MemberFigure]] = {}
        begins: dict[int, list[int]] = {}
        for member, column in zip(self.members, self.plan.ends, strict=False):
            members.setdefault(column, []).append(member)
            begins.setdefault(column, []).append(member.rows.begins)
        return [
            [(column, members[column][bisect_left(begins[column], row) - 1]) for column in bar.passing]
            for row, bar in enumerate(self.plan.bars)
        ]

    def _passage(self, bar: Length, member: MemberFigure) -> Sequence[tuple[Length, Length]]:
        """Return the x ranges of a member and its lines, relative to its spine, that pass a bar."""
        top = self._top(member)
        bottom, stack = top + member.figure.height, member.stack
        if isinstance(bar, SymbolicLength) or bar < value_of(bottom) + _CLEAR:
            is_fixed = isinstance(bar, int) and isinstance(bottom, int)
            is_between = is_fixed and value_of(bar - top) in member.passages
            if stack is None:
                figure = member.figure
                is_clear = is_between or _is_above(bar, top)
                return [(0, 0) if is_clear else (-figure.left_extent, figure.right_extent)]
            if is_between:
                return [(-stack.left, -stack.left), (stack.right, stack.right)]
            return [(-stack.left, stack.right)]
        if not member.figure.continues:
            return []
        return _LINE if stack is None else [(0, 0), (stack.right, stack.right)]

    def _leading(self, row: int) -> list[int]:
        """Return the columns that lead to the bar above a row."""
        return [column for column in self.plan.bars[row].ending if (row, column) not in self.stopped]

    def _lanes(self) -> list[_Lane]:
        """Return the x position of each lane between columns, and the height at which it begins."""
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

    def _tracks(self) -> Iterator[tuple[Track, int, MemberFigure | None]]:
        """Yield each track with its column and its member, or None for a wire."""
        members: list[MemberFigure | None] = [*self.members]
        members += [None] * (len(self.plan.tracks) - len(members))
        return zip(self.plan.tracks, self.plan.columns, members, strict=True)

    def _stopped(self) -> frozenset[tuple[int, int]]:
        """Return the row and the column of the end of each figure that control never leaves."""
        ends = ((track.rows.ends, column, member) for track, column, member in self._tracks())
        return frozenset((row, column) for row, column, member in ends if member and not member.figure.continues)

    def _thickness(self, row: int) -> int:
        is_replaced = 0 < row < len(self.plan.bars) - 1 and self.plan.bars[row].follows and row not in self.stacked_rows
        return 0 if is_replaced else THICK

    def _top(self, member: MemberFigure) -> Length:
        row = member.rows.begins
        return self.bars[row] + (self.thicknesses[row] + GAP) + member.depth

    def _bars(self) -> list[Length]:
        """Return the height of each bar, below all work that it waits for."""
        bars: list[Length] = [FORK]
        ending: dict[int, list[MemberFigure]] = {}
        for member in self.members:
            # Work that nothing waits for ends above the next bar and leaves no gap in it, and lines turn above it.
            is_above_next = member.has_lane or not member.awaited
            ending.setdefault(member.rows.begins + 1 if is_above_next else member.rows.ends, []).append(member)
        for row in range(1, len(self.plan.bars)):
            above = ABOVE_BAR if self.thicknesses[row] else 0
            bottoms = [
                bars[member.rows.begins]
                + (
                    self.thicknesses[member.rows.begins]
                    + GAP
                    + (max(above, _BEND_HEIGHT) if member.has_lane else above)
                )
                + (member.depth + member.figure.height)
                for member in ending.get(row, ())
            ]
            lowest = bars[-1] + (THICK + min(above, _BETWEEN_BARS))
            bars.append(self._clear_of_figures(row, longest([lowest, *bottoms]), bars))
        return bars

    def _clear_of_figures(self, row: int, bar: Length, bars: Sequence[Length]) -> Length:
        """Return the height of a bar, lowered to the nearest height at which only lines pass it, if that is near.

        In a page, this is so while everything is open.
        """
        meeting = (*self.plan.bars[row].ending, *self.plan.bars[row].beginning)
        if not self.thicknesses[row] or not meeting:
            return bar
        first, last = min(meeting), max(meeting)
        passing: list[tuple[int, int, Sequence[int]]] = []
        for column, member in self.passing[row]:
            if first < column < last and member.awaited and not member.has_lane:
                top = value_of(bars[member.rows.begins]) + (self.thicknesses[member.rows.begins] + GAP)
                bottom = top + value_of(member.figure.height) + _CLEAR
                passing.append((top, bottom, [top + passage for passage in member.passages]))
        if not passing:
            return bar
        highest = value_of(bar)
        heights = sorted(y for _, bottom, passages in passing for y in (*passages, bottom + _CLEAR))
        for y in (highest, *(y for y in heights if highest < y <= highest + _MOST_LOWERED)):
            if all(y >= bottom or y in passages or _is_above(y, top) for top, bottom, passages in passing):
                return bar + (y - highest)
        return bar

    def _extents(self) -> list[Column]:
        extents = [Column(0, 0)] * (max(*self.plan.columns, *self.plan.ends) + 1)
        for lane in {*self.plan.ends} - {*self.plan.columns}:
            extents[lane] = Column(_LANE, _LANE)
        for _, column, member in self._tracks():
            if member is not None:
                figure = member.figure
                column_extent = extents[column]
                exits = column_extent.exits.before(figure.exits.lowered(self._top(member)))
                extents[column] = Column(
                    longest([column_extent.left_extent, figure.left_extent, *_entry_extents(member)]),
                    longest([column_extent.right_extent, figure.right_extent]),
                    exits,
                )
        # The bars of a line at a side are longer than the figures of other columns are wide.
        extents[0] = replace(extents[0], left_extent=longest([extents[0].left_extent, OVERHANG]))
        extents[-1] = replace(extents[-1], right_extent=longest([extents[-1].right_extent, OVERHANG]))
        return extents


def _entry_extents(member: MemberFigure) -> Sequence[Length]:
    """Return the left extent of the line to a member that is not the first in its column, if there is one."""
    return () if member.depth == 0 else (member.entry + OVERHANG // 2,)


def _is_above(bar: Length, top: Length) -> bool:
    """Return whether a bar is always above the arrow head onto a figure."""
    return isinstance(bar, int) and isinstance(top, int) and bar + THICK <= top - _ARROW_HEAD
