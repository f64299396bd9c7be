"""The body of a loop, and the line that leads back to its beginning."""

from __future__ import annotations

from typing import Final

from msgspec import Struct

from stepgraph.render.svg.figures.figure import EarlyExits, Figure, Lanes
from stepgraph.render.svg.lengths import Length
from stepgraph.render.svg.pen import RADIUS, Pen

_AWAY: Final = 20
_ABOVE: Final = 18
TAIL: Final = 28
"""How far the line leads on from the last figure of the body: back from its middle, and out of the loop."""


class LoopBody(Struct, frozen=True):
    """A stack that is run again and again, with its tail. The line back is to its left: exits are to the right."""

    body: Figure

    @property
    def left(self) -> int:
        """Return how far it reaches to the left."""
        return self.body.left + _AWAY

    @property
    def right(self) -> int:
        """Return how far it reaches to the right."""
        return self.body.right

    @property
    def height(self) -> Length:
        """Return how high it is."""
        return self.body.height

    @property
    def goes_on(self) -> bool:
        """Return that a loop may always be over, be it without a single pass."""
        return True

    @property
    def exits(self) -> EarlyExits:
        """Return the exits of its body."""
        return self.body.exits

    def draw(self, pen: Pen, lanes: Lanes) -> None:
        """Draw the body and the line back, or the line past it if every pass leaves the loop for good."""
        self.body.draw(pen, lanes)
        end = self.body.height - TAIL // 2
        if not self.body.goes_on:
            pen.path("line", f"M0 {end}V{self.body.height}")
        up = f"q{-RADIUS} 0 {-RADIUS} {-RADIUS}V{RADIUS - _ABOVE}"
        pen.path("again", f"M0 {end}H{RADIUS - self.left}{up}q0 {-RADIUS} {RADIUS} {-RADIUS}H0")
        head = -_ABOVE if self.body.goes_on else end
        pen.path("again head", f"M-8 {head - 4}L-1 {head}L-8 {head + 4}z")
