"""A frame: a label in a band at its top, and a figure below that."""

from __future__ import annotations

from typing import Final

from msgspec import Struct
from msgspec.structs import force_setattr

from stepgraph.render.svg.figures.figure import NO_EXITS, EarlyExits, Figure, Lanes
from stepgraph.render.svg.figures.label import Label
from stepgraph.render.svg.figures.leaf import BEHIND, SvgGroup
from stepgraph.render.svg.lengths import Length, Variables
from stepgraph.render.svg.pen import Pen

SIDES: Final = 16
_BAND_PADDING: Final = 6
_BAND_SIDES: Final = 10
_RADIUS: Final = 8


class FrameFigure(Struct, frozen=True):
    """A frame around a figure that begins `lead` below the band, and ends where the frame ends.

    The spine never crosses the label: it ends at the band and goes on below it. Without a label there is no band. In a
    page the frame `folds`: it shrinks to its band. One that is `stacked` has another behind it: there are more like it,
    or none at all, and so something always comes out of it. From `left` on, all follows from the rest.
    """

    group: SvgGroup
    label: Label | None
    content: Figure
    lead: int
    folds: Variables | None = None
    stacked: bool = False
    left: int = 0
    right: int = 0
    height: Length = 0
    goes_on: bool = False
    exits: EarlyExits = NO_EXITS

    def __post_init__(self) -> None:
        behind = BEHIND if self.stacked else 0
        left, right = self.content.left + SIDES, self.content.right + SIDES
        if self.label is not None:
            missing = self.label.width + 2 * _BAND_SIDES - left - right
            left, right = left + max(0, missing // 2), right + max(0, missing - missing // 2)
        force_setattr(self, "goes_on", self.stacked or self.content.goes_on)
        force_setattr(self, "left", left)
        force_setattr(self, "right", right + behind)
        top = self.band + self.lead
        height, exits = self.content.height + (top + behind), self.content.exits.lowered(top)
        if self.folds is not None:
            height = self.folds.fold(self.group.identity, height, self.band + behind)
            exits = EarlyExits(self._folded(exits.breaks), self._folded(exits.returns))
        force_setattr(self, "height", height)
        force_setattr(self, "exits", exits)

    @property
    def band(self) -> int:
        """Return how high the band is."""
        return 0 if self.label is None else self.label.height + 2 * _BAND_PADDING

    def _folded(self, exit_at: Length | None) -> Length | None:
        """Return where an exit leaves, which is at the band while the frame is folded."""
        if exit_at is None or self.folds is None:
            return exit_at
        return self.folds.fold(self.group.identity, exit_at, self.band // 2)

    def draw(self, pen: Pen, lanes: Lanes) -> None:
        """Draw the frame, its band and what is in it."""
        foldable = "" if self.folds is None else " foldable"
        pen.open(f"frame{foldable} {self.group.css}", self.group.identity, self.group.title)
        self._draw_edge(pen)
        if self.label is not None:
            pen.path("band", self._band_path())
            self.label.draw(pen, _BAND_SIDES - self.left, _BAND_PADDING, "ink")
        if self.folds is not None:
            self._draw_folded_exits(pen, lanes)
        pen.open_at(0, self.band + self.lead)
        self.content.draw(pen, lanes)
        pen.close()
        pen.close()

    def _draw_folded_exits(self, pen: Pen, lanes: Lanes) -> None:
        """Draw the lines of exits as they are while the frame is folded."""
        for first, lane in ((self.content.exits.breaks, lanes.breaks), (self.content.exits.returns, lanes.returns)):
            if first is not None:
                pen.leave((self.right, self.band // 2), lane, "out while-folded")

    def _draw_edge(self, pen: Pen) -> None:
        if not self.stacked:
            pen.box("edge", (-self.left, 0), (self.left + self.right, self.height), _RADIUS)
            return
        for shift in (BEHIND, 0):
            size = (self.left + self.right - BEHIND, self.height - BEHIND)
            pen.box("edge", (shift - self.left, shift), size, _RADIUS)
        pen.path("line", f"M0 {self.height - BEHIND}V{self.height}")

    def _band_path(self) -> str:
        width = self.left + self.right - 2 * _RADIUS - (BEHIND if self.stacked else 0)
        corner = f"{_RADIUS} {_RADIUS}"
        return (
            f"M{-self.left} {self.band}V{_RADIUS}a{corner} 0 0 1 {_RADIUS} {-_RADIUS}"
            f"h{width}a{corner} 0 0 1 {corner}V{self.band}z"
        )
