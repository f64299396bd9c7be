"""Choices and groups that are too wide for two rows: several tiers of branches or members below each other."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, Protocol, TypeVar

from msgspec import Struct
from msgspec.structs import force_setattr

from stepgraph.render.svg.figures.clock_rows import OVERHANG
from stepgraph.render.svg.figures.columns import THICK, draw_bar, evenly_divided
from stepgraph.render.svg.figures.figure import NO_EXITS, EarlyExits, Figure, Lanes, width_of
from stepgraph.render.svg.lengths import Length, longest
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
