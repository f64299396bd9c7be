"""Columns of figures beside each other, and the lines between them: to and from a spine, bars, and exits."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import accumulate, chain, pairwise
from typing import Final, TypeVar

from msgspec import Struct
from msgspec.structs import force_setattr

from stepgraph.render.svg.figures.figure import NO_EXITS, EarlyExits, Lanes
from stepgraph.render.svg.lengths import Length, extremes_of, half, high_of, longest, low_of, shortest, value_of
from stepgraph.render.svg.pen import RADIUS, Pen

Item = TypeVar("Item")

BETWEEN: Final = 22
_FIRST_LANE: Final = 10
_NEXT_LANE: Final = 8
_OFF_LANES: Final = 12
"""The minimum distance between the common spine and lanes, which is greater than the gap in bars."""

_BESIDE_LINE: Final = 14
"""The distance between a figure and the line of a figure in another row."""

MAX_COLUMNS: Final = 5
"""The maximum number of columns in one row."""

MIN_STAGGERED: Final = 2
_ROWS: Final = 2
"""The maximum number of rows of columns."""

MAX_WIDTH: Final = 1000
"""The maximum width in pixels of columns in one row."""

MAX_COMPACT_WIDTH: Final = 500
"""The maximum width in pixels of columns in one row, in a picture that would be too wide otherwise."""

_BEND: Final = 14
THICK: Final = 4
PASSAGE: Final = 7
"""The gap in pixels between a bar and a line that passes it."""


class Column(Struct, frozen=True):
    """The extent of a column around its spine, and its early exits."""

    left_extent: Length
    right_extent: Length
    exits: EarlyExits = NO_EXITS
    """The exits, relative to the top of all columns."""

    is_line: bool = False
    """Whether the column is only a line below a label, which exits of other columns may cross."""

    @property
    def lanes(self) -> Lanes:
        """The lanes of its own exits, to its right."""
        first = self.right_extent + _FIRST_LANE
        return Lanes(first, first + (_NEXT_LANE if self.exits.breaks is not None else 0))

    @property
    def room(self) -> Length:
        """The right extent with the lanes of its exits."""
        if self.exits.returns is not None:
            return self.lanes.returns
        return self.right_extent if self.exits.breaks is None else self.lanes.breaks


class ColumnLayout(Struct, frozen=True):
    """The layout of columns that are placed beside each other.

    The exits of the last column that is not a line go straight to the right. Exits of the other columns turn down in a
    lane beside their column, and go to the right below all columns, `return` above `break`. The fields from
    `left_extent` on are computed from the others.
    """

    columns: Sequence[Column]
    spines: Sequence[Length]
    """The x position of each column's spine."""

    straight_from: int
    """The index of the first column whose exits go straight to the right."""

    left_extent: Length = 0
    right_extent: Length = 0
    has_exits: bool = False
    turns_breaks: bool = False
    """Whether any `break` turns down between columns."""

    turns_returns: bool = False
    """Whether any `return` turns down between columns."""

    def __post_init__(self) -> None:
        # In two rows, the second column may extend farther than the first.
        outer = zip(self.columns[:_ROWS], self.spines[:_ROWS], strict=True)
        force_setattr(self, "left_extent", longest([column.left_extent - spine for column, spine in outer]))
        force_setattr(self, "right_extent", self._right_extent())
        exits = [column.exits for column in self.columns]
        has_exits = exits.count(NO_EXITS) < len(exits)
        force_setattr(self, "has_exits", has_exits)
        if has_exits:
            turning = exits[: self.straight_from]
            force_setattr(self, "turns_breaks", any(each.breaks is not None for each in turning))
            force_setattr(self, "turns_returns", any(each.returns is not None for each in turning))

    def _right_extent(self) -> Length:
        first = max(0, len(self.columns) - _ROWS)
        rooms = [
            column.right_extent if self._goes_straight(index) else column.room
            for index, column in enumerate(self.columns[first:], first)
        ]
        return longest([room + spine for room, spine in zip(rooms, self.spines[first:], strict=True)])

    def lanes(self, index: int, outer: Lanes) -> Lanes:
        """Return the lanes for the exits of a column, relative to its spine."""
        return outer.relative_to(self.spines[index]) if self._goes_straight(index) else self.columns[index].lanes

    @property
    def room_below(self) -> int:
        """The height of the exit lines below the columns."""
        kinds = self.turns_returns + self.turns_breaks
        return kinds * _NEXT_LANE + (_FIRST_LANE if kinds else 0)

    def exits(self, below: Length) -> EarlyExits:
        """Return the early exits of all columns, which end at the height `below`."""
        if not self.has_exits:
            return NO_EXITS
        first = NO_EXITS
        for index, column in enumerate(self.columns):
            if self._goes_straight(index):
                first = first.before(column.exits)
        turning = NO_EXITS
        for index, column in enumerate(self.columns):
            if not self._goes_straight(index):
                turning = turning.before(column.exits)
        return first.before(
            EarlyExits(
                below + self._breaks_below if self.turns_breaks else None,
                below + _FIRST_LANE if self.turns_returns else None,
                turning.untaken,
            )
        )

    def draw_exits(self, pen: Pen, outer: Lanes, below: Length) -> None:
        """Draw the lines of exits between the columns and below them."""
        if not self.has_exits:
            return
        breaks_below = below + self._breaks_below
        for index, (column, spine) in enumerate(zip(self.columns, self.spines, strict=True)):
            if self._goes_straight(index):
                continue
            if column.exits.breaks is not None:
                begin = (spine + column.lanes.breaks, column.exits.breaks)
                begin = pen.exits_above(begin, column.exits.first_taken("breaks"))
                pen.bend(begin, breaks_below, outer.breaks, faded="breaks" in column.exits.untaken)
            if column.exits.returns is not None:
                begin, faded = (spine + column.lanes.returns, column.exits.returns), "returns" in column.exits.untaken
                begin = pen.exits_above(begin, column.exits.first_taken("returns"))
                pen.bend(begin, below + _FIRST_LANE, outer.returns, faded=faded)

    def _goes_straight(self, index: int) -> bool:
        return index >= self.straight_from

    @property
    def _breaks_below(self) -> int:
        return _FIRST_LANE + (_NEXT_LANE if self.turns_returns else 0)


UNPLACED: Final = ColumnLayout((), (), 0)
"""The placeholder until `__post_init__` has placed the columns."""


def place_columns(columns: Sequence[Column], anchor: int | None = None, between: int = BETWEEN) -> ColumnLayout:
    """Place columns beside each other, with the column `anchor` on the common spine.

    Without an anchor, the common spine is near the middle of the columns.
    """
    straight_from = _straight_from(columns)
    rooms = [column.right_extent if index >= straight_from else column.room for index, column in enumerate(columns)]
    distances = [room + between + column.left_extent for room, column in zip(rooms, columns[1:], strict=False)]
    last = len(columns) - 1
    left, right = (last // 2, (last + 1) // 2) if anchor is None else (anchor, anchor)
    to_left: Length = 0
    to_right: Length = 0
    if left < right:
        has_lanes = left < straight_from and bool(columns[left].exits)
        to_left, to_right = _around_middle(columns[left], columns[right], between, has_lanes=has_lanes)
    # Spines are computed from the common spine outward, so that the bounds of symbolic lengths are narrow.
    leftward = [-x for x in accumulate(reversed(distances[:left]), initial=to_left)]
    rightward = list(accumulate(distances[right:], initial=to_right))
    return ColumnLayout(columns, [*reversed(leftward), *rightward[right == left :]], straight_from)


def _around_middle(left: Column, right: Column, between: int, *, has_lanes: bool) -> tuple[Length, Length]:
    """Return the distances from the spines of two columns to the common spine: in the middle, but clear of lanes."""
    room = left.room if has_lanes else left.right_extent
    to_left, to_right = half(room + between + right.left_extent), half(room + between + right.left_extent + 1)
    if not has_lanes:
        return to_left, to_right
    first, last = left.lanes.breaks, left.lanes.returns
    beyond = value_of(first) + value_of(last) - 2 * value_of(to_left)
    if beyond < 0 or (beyond == 0 and value_of(first) == value_of(last)):
        to_right = shortest([to_right, room - last + (between - _OFF_LANES) + right.left_extent])
        return longest([to_left, last + _OFF_LANES]), to_right
    to_right = longest([to_right, room - first + (between + _OFF_LANES) + right.left_extent])
    return shortest([to_left, first - _OFF_LANES]), to_right


def evenly_divided(items: Sequence[Item], count: int) -> list[Sequence[Item]]:
    """Return items in `count` parts, whose sizes differ by at most one. With a count of zero, omit all items."""
    bounds = [len(items) * part // count for part in range(count + 1)] if count else []
    return [items[start:end] for start, end in pairwise(bounds)]


def is_too_wide(layout: ColumnLayout, *, compact: bool) -> bool:
    """Return whether columns in one row are too many or too wide."""
    count, max_width = len(layout.columns), MAX_COMPACT_WIDTH if compact else MAX_WIDTH
    width = value_of(layout.left_extent + layout.right_extent)
    return count > MAX_COLUMNS or (count > MIN_STAGGERED and width > max_width)


def stagger(columns: Sequence[Column], anchor: int | None = None) -> StaggeredLayout:
    """Place figures alternately in two rows, with the spine of `anchor` on the common spine.

    The line of each figure runs between two figures of the other row. The lanes of an upper figure pass the next lower
    figure, too. The first figure is in the row that makes the layout narrower.
    """
    layouts = [StaggeredLayout(_place_staggered(columns, first, anchor), first) for first in (0, 1)]
    return min(layouts, key=lambda layout: value_of(layout.columns.left_extent + layout.columns.right_extent))


class StaggeredLayout(Struct, frozen=True):
    """The layout of figures in two rows."""

    columns: ColumnLayout
    first_row: int
    """The row of the first figure: 0 for the upper one."""

    def is_lower(self, index: int) -> bool:
        """Return whether a figure is in the lower row."""
        return (index + self.first_row) % 2 == 1


def _place_staggered(columns: Sequence[Column], first_row: int, anchor: int | None) -> ColumnLayout:
    spines: list[Length] = [0]
    for index, (before, column) in enumerate(pairwise(columns)):
        passes = before.exits and (index + first_row) % 2 == 0
        room = before.room + column.left_extent if passes else longest([before.room, column.left_extent])
        spines.append(spines[-1] + room + _BESIDE_LINE)
    shift = _straightened(half(spines[-1]), spines) if anchor is None else spines[anchor]
    return ColumnLayout(columns, [spine - shift for spine in spines], _straight_from(columns))


def _straightened(middle: Length, spines: Sequence[Length]) -> Length:
    """Return the spine that is so near to the middle that a line between them would be a kink, or else the middle."""
    nearest = min(spines, key=lambda spine: abs(value_of(spine) - value_of(middle)))
    return nearest if abs(value_of(nearest) - value_of(middle)) < 2 * RADIUS else middle


def _straight_from(columns: Sequence[Column]) -> int:
    """Return the index of the first column with only lines to its right."""
    last = len(columns) - 1
    while last > 0 and columns[last].is_line:
        last -= 1
    return last


def fanned_out(begins: Iterable[tuple[Length, Length]]) -> str:
    """Return the path from a spine down to the spines of columns, each with its top."""
    return "".join(_outward(spine, top) for spine, top in begins)


def gathered(ends: Sequence[tuple[Length, Length]], y: Length, bottom: Length) -> str:
    """Return the path from the ends of columns to the spine, where they join at `y`, and down to `bottom`.

    If all columns are always on one side, the spine begins in a round corner.
    """
    spines = [spine for spine, _ in ends]
    if spines and (min(map(low_of, spines)) >= 2 * RADIUS or max(map(high_of, spines)) <= -2 * RADIUS):
        side = RADIUS if value_of(spines[0]) > 0 else -RADIUS
        lines = "".join(_inward(spine, end, y, side) for spine, end in ends)
        return f"{lines}q{-side} 0 {-side} {RADIUS}V{bottom}"
    return "".join(_inward(spine, end, y) for spine, end in ends) + f"M0 {y}V{bottom}"


def _outward(x: Length, length: Length) -> str:
    if isinstance(x, int) and abs(x) < 2 * RADIUS:
        return f"M0 0V{_BEND}H{x}V{length}" if x else f"M0 0V{length}"
    side, bend = _corner(x), _BEND - RADIUS
    return f"M0 0V{bend}q0 {RADIUS} {side} {RADIUS}H{x - side}q{side} 0 {side} {RADIUS}V{length}"


def _inward(x: Length, end: Length, y: Length, to: int = 0) -> str:
    """Return the path from the end of a column to the spine, or to the x position `to` beside it."""
    if isinstance(x, int) and abs(x) < 2 * RADIUS:
        return f"M{x} {end}V{y}H0" if x else f"M0 {end}V{y}"
    side = _corner(x)
    return f"M{x} {end}V{y - RADIUS}q0 {RADIUS} {-side} {RADIUS}H{to}"


def _corner(x: Length) -> Length:
    """Return the width of a round corner on the way to `x`: negative to the left, and smaller while `x` is near."""
    if low_of(x) >= 2 * RADIUS:
        return RADIUS
    return -RADIUS if high_of(x) <= -2 * RADIUS else longest([-RADIUS, shortest([RADIUS, half(x)])])


def draw_bar(
    pen: Pen, css: str, y: Length, ends: tuple[Length, Length], passing: Iterable[tuple[Length, Length]]
) -> None:
    """Draw a bar between two x positions, with gaps for the x ranges in `passing`.

    If positions are symbolic, a piece may have the width 0, and is then not drawn.
    """
    begin, end = ends
    gaps = list(passing)
    if len(gaps) > 1:
        gaps.sort(key=lambda gap: (value_of(gap[0]), value_of(gap[1])))
    later, earlier = extremes_of([begin, end, *chain.from_iterable(gaps)])
    for gap_begin, gap_end in gaps:
        _draw_piece(pen, css, y, begin, earlier([gap_begin - PASSAGE, end]))
        begin = later([begin, gap_end + PASSAGE])
    _draw_piece(pen, css, y, begin, end)


def _draw_piece(pen: Pen, css: str, y: Length, begin: Length, end: Length) -> None:
    width = end - begin
    if not isinstance(width, int):
        width = longest([0, width])
    if high_of(width) > 0:
        pen.box(css, (begin, y), (width, THICK), THICK // 2)
