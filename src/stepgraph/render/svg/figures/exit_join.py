"""Where exits arrive: a line along the right side of what they leave, and back to the spine below it."""

from __future__ import annotations

from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from stepgraph.render.svg.figures.figure import EarlyExits, ExitKind, Figure, Lanes
from stepgraph.render.svg.lengths import Length
from stepgraph.render.svg.pen import Pen

_LANE: Final = 14
_BELOW: Final = 12


class ExitJoin(Struct, frozen=True):
    """A figure, and the exits out of it that get to just below it: those of a loop, or those of a function.

    The `first` of these is so far down.
    """

    figure: Figure
    kind: ExitKind
    first: Length

    @property
    def left(self) -> int:
        """Return how far it reaches to the left."""
        return self.figure.left

    @property
    def right(self) -> int:
        """Return how far it reaches to the right."""
        return self.figure.right + _LANE + 1

    @property
    def height(self) -> Length:
        """Return how high it is."""
        return self.figure.height + 2 * _BELOW

    @property
    def goes_on(self) -> bool:
        """Return that something comes out: the exits do."""
        return True

    @property
    def exits(self) -> EarlyExits:
        """Return the exits that go on further."""
        return replace(self.figure.exits, **{self.kind: None})

    def draw(self, pen: Pen, lanes: Lanes) -> None:
        """Draw the figure, and the line of its exits."""
        lane, end = self.figure.right + _LANE, self.figure.height + _BELOW
        self.figure.draw(pen, replace(lanes, **{self.kind: lane}))
        begin = self.figure.height if self.figure.goes_on else end
        pen.path("line", f"M0 {begin}V{end + _BELOW}")
        pen.out((lane, self.first), end, 1)


def rejoin_all(figure: Figure) -> Figure:
    """Return the figure of a body of code, which no exit leads out of: all get to just below it."""
    return rejoin(rejoin(figure, "breaks"), "returns")


def rejoin(figure: Figure, kind: ExitKind) -> Figure:
    """Return the figure with its exits of that kind brought back to the spine, if it has any."""
    first = figure.exits.of(kind)
    return figure if first is None else ExitJoin(figure, kind, first)
