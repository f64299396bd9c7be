"""Choices and groups that are too wide for one row: groups in two rows, and several tiers of branches or members."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Final, Protocol, TypeVar

from msgspec import Struct
from msgspec.structs import force_setattr

from stepgraph.render.svg.figures.clock_rows import ABOVE_BAR, FORK, OVERHANG, TAIL
from stepgraph.render.svg.figures.columns import (
    THICK,
    UNPLACED,
    Column,
    ColumnLayout,
    draw_bar,
    evenly_divided,
    stagger,
)
from stepgraph.render.svg.figures.figure import GAP, NO_EXITS, EarlyExits, Figure, Lanes, width_of
from stepgraph.render.svg.lengths import Length, longest, shortest
from stepgraph.render.svg.pen import RADIUS, Pen, faded_first
from stepgraph.render.traversal import Traversal

_LEAD: Final = 20
"""The height above the first tier, where the line to the other tiers begins."""

_BETWEEN: Final = 2 * RADIUS + 14
"""The distance between tiers, in which a line leads to the right and another one comes from the left."""

_BESIDE: Final = 14
"""The distance between the tiers and the lines beside them."""

_JOIN: Final = RADIUS + 6
_WORTHWHILE: Final = 0.75
"""The maximum width of tiers that are too wide, relative to the width of a single tier."""

_TAIL: Final = 14

_TOP: Final = FORK + THICK + GAP


class Tier(Struct, frozen=True):
    """A figure of some branches of a choice, or of some members of a group."""

    figure: Figure
    is_entered: bool = True
    """Whether the drawn instance entered one of the branches or members."""


class Tiers(Struct, frozen=True):
    """Tiers below each other. A line to their left leads to each, and a line to their right from each.

    The lines of exits lead to the right, across the line from the tiers above.

    The fields from `tops` on are computed from the tiers.
    """

    tiers: Sequence[Tier]
    last_bar: str = ""
    """The class of the bar at which the members of a group join, or an empty string for a choice."""

    tops: Sequence[Length] = ()
    join: Length = 0
    """The height at which the tiers join."""

    left_extent: Length = 0
    right_line: Length = 0
    """The x position of the line from the tiers."""

    def __post_init__(self) -> None:
        tops: list[Length] = []
        bottom: Length = _LEAD - _BETWEEN
        for tier in self.tiers:
            tops.append(bottom + _BETWEEN)
            bottom = tops[-1] + tier.figure.height
        force_setattr(self, "tops", tops)
        force_setattr(self, "join", bottom + _JOIN)
        force_setattr(self, "left_extent", longest([tier.figure.left_extent for tier in self.tiers]) + _BESIDE)
        force_setattr(self, "right_line", longest([tier.figure.right_extent for tier in self.tiers]) + _BESIDE)

    @property
    def right_extent(self) -> Length:
        return self.right_line + (OVERHANG if self.last_bar else 0)

    @property
    def height(self) -> Length:
        return self.join + (THICK + _TAIL if self.last_bar else _TAIL)

    @property
    def continues(self) -> bool:
        continuing = [tier.figure.continues for tier in self.tiers]
        return all(continuing) if self.last_bar else any(continuing)

    @property
    def traversal(self) -> Traversal:
        exited = [tier.figure.traversal.exited for tier in self.tiers]
        return Traversal(exited=all(exited) if self.last_bar else any(exited))

    @property
    def exits(self) -> EarlyExits:
        exits = NO_EXITS
        for tier, top in zip(self.tiers, self.tops, strict=True):
            exits = exits.before(tier.figure.exits.lowered(top))
        return exits

    def draw(self, pen: Pen, lanes: Lanes) -> None:
        for faded, paths in faded_first((self._entry(i), not tier.is_entered) for i, tier in enumerate(self.tiers)):
            pen.path("line", "".join(paths), faded=faded)
        for tier, top in zip(self.tiers, self.tops, strict=True):
            pen.open_at(0, top, faded=not tier.is_entered)
            tier.figure.draw(pen, lanes)
            pen.close()
        leading = [i for i, tier in enumerate(self.tiers) if tier.figure.continues]
        for faded, paths in faded_first((self._exit(i), not self.tiers[i].figure.traversal.exited) for i in leading):
            pen.path("line", "".join(paths), faded=faded)
        if self.last_bar and leading:
            css = self.last_bar if self.traversal.exited else f"{self.last_bar} faded"
            begin = 0 if leading[-1] == self._last else self.right_line
            end = 0 if leading == [self._last] else self.right_line
            draw_bar(pen, css, self.join, (begin - OVERHANG, end + OVERHANG), ())
        if self.last_bar and self.continues:
            pen.path("line", f"M0 {self.join + THICK}V{self.height}", faded=not self.traversal.exited)

    @property
    def _last(self) -> int:
        return len(self.tiers) - 1

    def _entry(self, index: int) -> str:
        """Return the path from the spine to a tier: straight down to the first one, and around the others."""
        if index == 0:
            return f"M0 0V{_LEAD}"
        left = -self.left_extent
        down = f"M0 0V{_LEAD - 2 * RADIUS}q0 {RADIUS} {-RADIUS} {RADIUS}H{left + RADIUS}q{-RADIUS} 0 {-RADIUS} {RADIUS}"
        top = self.tops[index]
        return f"{down}V{top - 2 * RADIUS}q0 {RADIUS} {RADIUS} {RADIUS}H{-RADIUS}q{RADIUS} 0 {RADIUS} {RADIUS}"

    def _exit(self, index: int) -> str:
        """Return the path from a tier to the bar, or to the spine below all tiers."""
        bottom = self.tops[index] + self.tiers[index].figure.height
        end = self.join if self.last_bar else self.height
        if index == self._last:
            return f"M0 {bottom}V{end}"
        right = self.right_line
        outline = f"M0 {bottom}q0 {RADIUS} {RADIUS} {RADIUS}H{right - RADIUS}q{RADIUS} 0 {RADIUS} {RADIUS}"
        if self.last_bar:
            return f"{outline}V{end}"
        outline += f"V{self.join - RADIUS}q0 {RADIUS} {-RADIUS} {RADIUS}"
        if self.tiers[-1].figure.continues:
            return f"{outline}H0"
        return f"{outline}H{RADIUS}q{-RADIUS} 0 {-RADIUS} {RADIUS}V{end}"


class Traversable(Protocol):
    """A branch or a member."""

    @property
    def traversal(self) -> Traversal:
        """The traversal by the drawn instance."""


T = TypeVar("T", bound=Traversable)


def in_tiers(items: Sequence[T], rows_of: Callable[[Sequence[T]], Figure], max_width: int, last_bar: str) -> Figure:
    """Return rows of items or, if these would be too wide, tiers of rows.

    `rows_of` returns the rows of some of the items. The items are divided evenly among as few tiers as possible. Tiers
    that are nearly as wide as the rows of all items are not used.
    """
    rows = rows_of(items)
    whole = width_of(rows)
    if whole <= max_width:
        return rows
    count = max(2, min(whole // max_width, len(items)))
    widest_item: int | None = None
    while count <= len(items):
        parts = evenly_divided(items, count)
        figures = [rows_of(part) for part in parts]
        width = max(map(width_of, figures)) + 2 * _BESIDE
        if width <= max_width or (count == len(items) and width <= whole * _WORTHWHILE):
            entered = (any(item.traversal.entered for item in part) for part in parts)
            return Tiers([Tier(figure, each) for figure, each in zip(figures, entered, strict=True)], last_bar)
        if count == len(items):
            break
        if widest_item is None:
            widest_item = max(width_of(rows_of([item])) for item in items) + 2 * _BESIDE
        # If the widest item is too wide on its own, so are all tiers with it.
        count = len(items) if widest_item > max_width else min(len(items), max(count + 1, count * width // max_width))
    return rows


class StaggeredRows(Struct, frozen=True):
    """A group whose figures are alternately in an upper and a lower row.

    The lines from the lower row to the upper bar, and those from the upper row to the lower bar, run between figures.
    The fields from `columns` on are computed from the figures, which have no exits.
    """

    figures: Sequence[Figure]
    ends_with_first: bool
    """Whether the group ends with the first of its figures. The look of the last bar shows this."""

    columns: ColumnLayout = UNPLACED
    lower: Sequence[bool] = ()
    """Whether each figure is in the lower row."""

    lower_top: Length = 0
    """The top of the lower row."""

    end: Length = 0
    """The height of the last bar."""

    def __post_init__(self) -> None:
        columns = [Column(figure.left_extent, figure.right_extent) for figure in self.figures]
        layout = stagger(columns)
        force_setattr(self, "columns", layout.columns)
        force_setattr(self, "lower", [layout.is_lower(index) for index in range(len(columns))])
        upper = [figure.height for figure, is_lower in zip(self.figures, self.lower, strict=True) if not is_lower]
        force_setattr(self, "lower_top", longest(upper) + (_TOP + GAP))
        bottoms = (self._top(index) + figure.height for index, figure in enumerate(self.figures))
        force_setattr(self, "end", longest(list(bottoms)) + ABOVE_BAR)

    @property
    def left_extent(self) -> Length:
        return self.columns.left_extent

    @property
    def right_extent(self) -> Length:
        return self.columns.right_extent

    @property
    def height(self) -> Length:
        return self.end + (THICK + TAIL)

    @property
    def continues(self) -> bool:
        return all(figure.continues for figure in self.figures)

    @property
    def traversal(self) -> Traversal:
        return Traversal(exited=all(figure.traversal.exited for figure in self.figures))

    @property
    def exits(self) -> EarlyExits:
        return NO_EXITS

    def draw(self, pen: Pen, lanes: Lanes) -> None:
        for faded, paths in faded_first(((f"M0 0V{FORK}", False), *self._lines())):
            pen.path("line", "".join(paths), faded=faded)
        ends = (self.columns.spines[0] - OVERHANG, self.columns.spines[-1] + OVERHANG)
        draw_bar(pen, "bar", FORK, ends, ())
        leading = [spine for spine, figure in zip(self.columns.spines, self.figures, strict=True) if figure.continues]
        if leading:
            # The spine of the group is between the outer spines, or beyond those that lead on.
            ends = (shortest([0, leading[0]]) - OVERHANG, longest([0, leading[-1]]) + OVERHANG)
            css = "bar first" if self.ends_with_first else "bar"
            draw_bar(pen, css if self.traversal.exited else f"{css} faded", self.end, ends, ())
        for index, (figure, spine) in enumerate(zip(self.figures, self.columns.spines, strict=True)):
            pen.open_at(spine, self._top(index), faded=not figure.traversal.entered)
            pen.down()
            figure.draw(pen, lanes.relative_to(spine))
            pen.close()
        if self.continues:
            pen.path("line", f"M0 {self.end + THICK}V{self.height}", faded=not self.traversal.exited)

    def _top(self, index: int) -> Length:
        return self.lower_top if self.lower[index] else _TOP

    def _lines(self) -> Iterator[tuple[str, bool]]:
        """Yield the paths of the lines between the bars and the figures, and whether they are faded."""
        for index, (figure, spine) in enumerate(zip(self.figures, self.columns.spines, strict=True)):
            if self.lower[index]:
                yield f"M{spine} {FORK + THICK}V{self.lower_top + -GAP}", not figure.traversal.entered
            if figure.continues:
                yield f"M{spine} {self._top(index) + figure.height}V{self.end}", not figure.traversal.exited
