"""A frame around a figure, with a label in a band at its top."""

from __future__ import annotations

from typing import Final

from msgspec import Struct
from msgspec.structs import force_setattr

from stepgraph.render.svg.figures.badge import draw_frame_badge
from stepgraph.render.svg.figures.figure import NO_EXITS, EarlyExits, Figure, Lanes
from stepgraph.render.svg.figures.label import Label
from stepgraph.render.svg.figures.leaf import STACK_OFFSET, SvgGroup
from stepgraph.render.svg.lengths import Length, Variables
from stepgraph.render.svg.pen import Pen

SIDES: Final = 12
_BAND_PADDING: Final = 6
_BAND_SIDES: Final = 10
_RADIUS: Final = 8


class FrameFigure(Struct, frozen=True):
    """A frame around a figure. The spine stops at the band and continues below it.

    The fields from `left_extent` on are computed from the others.
    """

    group: SvgGroup
    label: Label | None
    """The label, or None for a frame without a band."""

    content: Figure
    lead: int
    """The distance from the band to the content."""

    folds: Variables | None = None
    """The symbolic lengths of a page, in which the frame shrinks to its band when folded, or None without folding."""

    stacked: bool = False
    """Whether a second frame behind it indicates any number of repetitions."""

    left_extent: int = 0
    right_extent: int = 0
    height: Length = 0
    continues: bool = False
    exits: EarlyExits = NO_EXITS

    def __post_init__(self) -> None:
        offset = STACK_OFFSET if self.stacked else 0
        left_extent, right_extent = self.content.left_extent + SIDES, self.content.right_extent + SIDES
        if self.label is not None:
            missing = self.label.width + 2 * _BAND_SIDES - left_extent - right_extent
            left_extent += max(0, missing // 2)
            right_extent += max(0, missing - missing // 2)
        force_setattr(self, "continues", self.stacked or self.content.continues)
        force_setattr(self, "left_extent", left_extent)
        force_setattr(self, "right_extent", right_extent + offset)
        top = self.band + self.lead
        height, exits = self.content.height + (top + offset), self.content.exits.lowered(top)
        if self.folds is not None:
            height = self.folds.fold(self.group.identity, height, self.band + offset)
            exits = EarlyExits(self._folded(exits.breaks), self._folded(exits.returns))
        force_setattr(self, "height", height)
        force_setattr(self, "exits", exits)

    @property
    def band(self) -> int:
        """The height of the band."""
        return 0 if self.label is None else self.label.height + 2 * _BAND_PADDING

    def _folded(self, exit_at: Length | None) -> Length | None:
        """Return the height of an exit, which is at the band while the frame is folded."""
        if exit_at is None or self.folds is None:
            return exit_at
        return self.folds.fold(self.group.identity, exit_at, self.band // 2)

    def draw(self, pen: Pen, lanes: Lanes) -> None:
        foldable = "" if self.folds is None else " foldable"
        pen.open(f"frame{foldable} {self.group.css}", self.group.identity, self.group.title)
        self._draw_edge(pen)
        if self.label is not None:
            pen.path("band", self._band_path())
            self.label.draw(pen, _BAND_SIDES - self.left_extent, _BAND_PADDING, "ink")
        if self.folds is not None:
            self._draw_folded_exits(pen, lanes)
        right = self.right_extent - (STACK_OFFSET if self.stacked else 0)
        draw_frame_badge(pen, self.group.identity, right, foldable=self.folds is not None)
        pen.open_at(0, self.band + self.lead)
        self.content.draw(pen, lanes)
        pen.close()
        pen.close()

    def _draw_folded_exits(self, pen: Pen, lanes: Lanes) -> None:
        """Draw the lines of exits that are visible while the frame is folded."""
        for first, lane in ((self.content.exits.breaks, lanes.breaks), (self.content.exits.returns, lanes.returns)):
            if first is not None:
                pen.leave((self.right_extent, self.band // 2), lane, "out while-folded")

    def _draw_edge(self, pen: Pen) -> None:
        if not self.stacked:
            pen.box("edge", (-self.left_extent, 0), (self.left_extent + self.right_extent, self.height), _RADIUS)
            return
        for shift in (STACK_OFFSET, 0):
            size = (self.left_extent + self.right_extent - STACK_OFFSET, self.height - STACK_OFFSET)
            pen.box("edge", (shift - self.left_extent, shift), size, _RADIUS)
        pen.path("line", f"M0 {self.height - STACK_OFFSET}V{self.height}")

    def _band_path(self) -> str:
        width = self.left_extent + self.right_extent - 2 * _RADIUS - (STACK_OFFSET if self.stacked else 0)
        corner = f"{_RADIUS} {_RADIUS}"
        return (
            f"M{-self.left_extent} {self.band}V{_RADIUS}a{corner} 0 0 1 {_RADIUS} {-_RADIUS}"
            f"h{width}a{corner} 0 0 1 {corner}V{self.band}z"
        )
