"""The body of a loop with the line back to its beginning."""

from __future__ import annotations

from typing import Final

from msgspec import Struct

from stepgraph.render.svg.figures.figure import EarlyExits, Figure, Lanes
from stepgraph.render.svg.lengths import Length
from stepgraph.render.svg.pen import RADIUS, Pen

_AWAY: Final = 20
_ABOVE: Final = 18
TAIL: Final = 28
"""The length of the line below the last figure of the body; the line back branches off at its middle."""


class LoopBody(Struct, frozen=True):
    """A stack that runs repeatedly.

    The line back is on the left side, because exits are on the right side.
    """

    body: Figure

    @property
    def left_extent(self) -> int:
        return self.body.left_extent + _AWAY

    @property
    def right_extent(self) -> int:
        return self.body.right_extent

    @property
    def height(self) -> Length:
        return self.body.height

    @property
    def goes_on(self) -> bool:
        """Return True, because a loop may end without any iteration."""
        return True

    @property
    def exits(self) -> EarlyExits:
        return self.body.exits

    def draw(self, pen: Pen, lanes: Lanes) -> None:
        """Draw the body and the line back, or a line past the body if every iteration leaves the loop."""
        self.body.draw(pen, lanes)
        end = self.body.height - TAIL // 2
        if not self.body.goes_on:
            pen.path("line", f"M0 {end}V{self.body.height}")
        up = f"q{-RADIUS} 0 {-RADIUS} {-RADIUS}V{RADIUS - _ABOVE}"
        pen.path("again", f"M0 {end}H{RADIUS - self.left_extent}{up}q0 {-RADIUS} {RADIUS} {-RADIUS}H0")
        head = -_ABOVE if self.body.goes_on else end
        pen.path("again head", f"M-8 {head - 4}L-1 {head}L-8 {head + 4}z")
