"""Members of a group that run between the same two bars, below each other, for groups that are too wide."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Final

from msgspec import Struct
from msgspec.structs import force_setattr, replace

from stepgraph.render.group_order import RowSpan
from stepgraph.render.svg.figures.clock_rows import ARROW, ARROW_ROOM, OVERHANG, ClockRows, MemberFigure, StackLines
from stepgraph.render.svg.figures.columns import MAX_COMPACT_WIDTH, MAX_WIDTH, evenly_divided, is_too_wide
from stepgraph.render.svg.figures.figure import GAP, NO_EXITS, EarlyExits, Figure, Lanes, width_of
from stepgraph.render.svg.lengths import Length, longest, value_of
from stepgraph.render.svg.pen import RADIUS, Pen, faded_first
from stepgraph.render.traversal import Traversal

_BETWEEN: Final = 2 * RADIUS + 18
"""The distance between members, in which a line leads to the right and another one comes from the left."""

_BETWEEN_WITH_BAR: Final = _BETWEEN + 12
"""The distance between members if a bar can pass between the two lines."""

_BAR: Final = RADIUS + 9
"""The distance from the bottom of a member to a bar that passes below it."""

_BESIDE: Final = 12
"""The distance between the members and the lines beside them."""

_OVERHANG: Final = OVERHANG // 2
"""The length of the bars beyond the lines beside the members."""

_COLUMN_COUNTS: Final = (5, 4, 3, 2)
"""The maximum numbers of columns to try for members that begin at the same bar."""

_MAX_HEIGHT_WITH_LANE: Final = 320
"""The maximum height in pixels of a figure whose line turns into a lane, because the next row begins below it."""


class StackedMembers(Struct, frozen=True):
    """Members below each other, which are not ordered.

    Lines on both sides pass the other members: on the left from the bar above, on the right to the bar below. The
    fields from `tops` on are computed from the figures, which continue and have no exits.
    """

    figures: Sequence[Figure]
    between: int = _BETWEEN
    """The distance between members."""

    tops: Sequence[Length] = ()
    height: Length = 0
    left_line: Length = 0
    """The distance from the spine to the line from the bar above."""

    right_line: Length = 0
    """The distance from the spine to the line to the bar below."""

    def __post_init__(self) -> None:
        tops: list[Length] = []
        bottom: Length = -self.between
        for figure in self.figures:
            tops.append(bottom + self.between)
            bottom = tops[-1] + figure.height
        force_setattr(self, "tops", tops)
        force_setattr(self, "height", bottom)
        force_setattr(self, "left_line", longest([figure.left_extent for figure in self.figures]) + _BESIDE)
        force_setattr(self, "right_line", longest([figure.right_extent for figure in self.figures]) + _BESIDE)

    @property
    def left_extent(self) -> Length:
        return self.left_line + _OVERHANG

    @property
    def right_extent(self) -> Length:
        return self.right_line + _OVERHANG

    @property
    def continues(self) -> bool:
        return True

    @property
    def traversal(self) -> Traversal:
        traversals = [figure.traversal for figure in self.figures]
        return Traversal(any(each.entered for each in traversals), all(each.exited for each in traversals))

    @property
    def exits(self) -> EarlyExits:
        return NO_EXITS

    def draw(self, pen: Pen, lanes: Lanes) -> None:
        entries = ((self._entry(i), not each.traversal.entered) for i, each in enumerate(self.figures) if i)
        exits = ((self._exit(i), not each.traversal.exited) for i, each in enumerate(self.figures[:-1]))
        for faded, paths in faded_first((*entries, *exits)):
            pen.path("line", "".join(paths), faded=faded)
        for index, (figure, top) in enumerate(zip(self.figures, self.tops, strict=True)):
            faded = self.traversal.entered and not figure.traversal.entered
            if index or faded:
                pen.open_at(0, top, faded=faded)
            if index:
                pen.path("flow", ARROW)
            figure.draw(pen, lanes)
            if index or faded:
                pen.close()

    def _entry(self, index: int) -> str:
        """Return the path from the bar above to a member, down on the left."""
        left, y = -self.left_line, self.tops[index] + -ARROW_ROOM
        return f"M{left} {-GAP}V{y - RADIUS}q0 {RADIUS} {RADIUS} {RADIUS}H{-RADIUS}q{RADIUS} 0 {RADIUS} {RADIUS}"

    def _exit(self, index: int) -> str:
        """Return the path from a member to the bottom of the stack, down on the right."""
        bottom, right = self.tops[index] + self.figures[index].height, self.right_line
        start = f"M0 {bottom}q0 {RADIUS} {RADIUS} {RADIUS}H{right - RADIUS}q{RADIUS} 0 {RADIUS} {RADIUS}"
        return f"{start}V{self.height}"


def with_stacks(rows: ClockRows, *, compact: bool) -> ClockRows:
    """Return rows with stacks of members, as high as necessary so that the rows are not too wide.

    Only members between the same two bars are in one stack, so that the stacks add no order. If the rows are too wide
    even so, lines turn into lanes, as few members as necessary are below each other, and the narrowest rows are chosen.
    """
    narrowest, most = rows, max(map(len, _by_rows(rows.members).values()), default=1)
    height = 1
    while height < most and is_too_wide(narrowest.columns, compact=compact):
        height *= 2
        candidate = ClockRows(_stacked(rows.members, height), rows.ends_with_first)
        narrowest = min(narrowest, candidate, key=width_of)
    max_width = MAX_COMPACT_WIDTH if compact else MAX_WIDTH
    beginning = max(Counter(member.rows.begins for member in rows.members).values())
    for count in dict.fromkeys(min(count, beginning) for count in _COLUMN_COUNTS):
        if width_of(narrowest) <= max_width:
            break
        candidate = ClockRows(_with_lanes(rows.members, count), rows.ends_with_first)
        narrowest = min(narrowest, candidate, key=width_of)
    return narrowest


def _with_lanes(members: Sequence[MemberFigure], count: int) -> list[MemberFigure]:
    """Return members whose lines turn into lanes, with at most `count` columns for those that begin at the same bar.

    Members that last longer are above the others, because their lanes are farther from the column.
    """
    by_row: dict[int, list[MemberFigure]] = {}
    for member in members:
        by_row.setdefault(member.rows.begins, []).append(member)
    result: list[MemberFigure] = []
    for _, beginning in sorted(by_row.items()):
        result += [member for member in beginning if not _can_have_lane(member)]
        group = sorted(filter(_can_have_lane, beginning), key=lambda member: -member.rows.ends)
        for column in evenly_divided(group, min(count, len(group))):
            result += _below_each_other(column)
    return result


def _can_have_lane(member: MemberFigure) -> bool:
    figure = member.figure
    return figure.continues and not figure.exits and value_of(figure.height) <= _MAX_HEIGHT_WITH_LANE


def _below_each_other(members: Sequence[MemberFigure]) -> list[MemberFigure]:
    """Return members of one column, which begin at the same bar."""
    result: list[MemberFigure] = []
    depth: Length = 0
    entry = longest([member.figure.left_extent for member in members]) + _BESIDE
    for index, member in enumerate(members):
        rows = member.rows
        has_lane = rows.ends - rows.begins > 1 or index < len(members) - 1
        result.append(replace(member, has_lane=has_lane, depth=depth, entry=entry))
        depth = depth + member.figure.height + _BETWEEN
    return result


def _by_rows(members: Sequence[MemberFigure]) -> dict[RowSpan, list[MemberFigure]]:
    """Return the members that may be in a stack, by their rows."""
    result: dict[RowSpan, list[MemberFigure]] = {}
    for member in members:
        if member.awaited and member.figure.continues and not member.figure.exits:
            result.setdefault(member.rows, []).append(member)
    return result


def _stacked(members: Sequence[MemberFigure], height: int) -> list[MemberFigure]:
    """Return members in stacks with at most this many figures, in the places of their first members."""
    stacks: dict[int, MemberFigure] = {}
    stacked: set[int] = set()
    for group in _by_rows(members).values():
        for part in evenly_divided(group, -(-len(group) // height)):
            stacked.update(map(id, part))
            stacks[id(part[0])] = part[0] if len(part) == 1 else _stack(part)
    return [stacks.get(id(member), member) for member in members if id(member) in stacks or id(member) not in stacked]


def _stack(members: Sequence[MemberFigure]) -> MemberFigure:
    rows, figures = members[0].rows, [member.figure for member in members]
    if rows.ends - rows.begins == 1:
        figure, passages = StackedMembers(figures), []
    else:
        figure = StackedMembers(figures, _BETWEEN_WITH_BAR)
        bottoms = [top + each.height for top, each in zip(figure.tops, figures, strict=True)]
        passages = [value_of(bottom) + _BAR for bottom in bottoms[:-1]]
    lines = StackLines(figure.left_line, figure.right_line)
    return replace(members[0], figure=figure, stack=lines, passages=passages)
