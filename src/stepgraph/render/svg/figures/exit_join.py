"""The point where exits join the spine again: below a loop, or below a function."""

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
    """A figure whose exits of one kind run down its right side and join the spine below it."""

    figure: Figure
    kind: ExitKind
    first: Length
    """The height of the first exit."""

    @property
    def left_extent(self) -> int:
        return self.figure.left_extent

    @property
    def right_extent(self) -> int:
        return self.figure.right_extent + _LANE + 1

    @property
    def height(self) -> Length:
        return self.figure.height + 2 * _BELOW

    @property
    def goes_on(self) -> bool:
        return True

    @property
    def exits(self) -> EarlyExits:
        return replace(self.figure.exits, **{self.kind: None})

    def draw(self, pen: Pen, lanes: Lanes) -> None:
        lane, end = self.figure.right_extent + _LANE, self.figure.height + _BELOW
        self.figure.draw(pen, replace(lanes, **{self.kind: lane}))
        begin = self.figure.height if self.figure.goes_on else end
        pen.path("line", f"M0 {begin}V{end + _BELOW}")
        pen.out((lane, self.first), end, 1)


def rejoin_all(figure: Figure) -> Figure:
    """Join both kinds of exits of a body that no exit leaves."""
    return rejoin(rejoin(figure, "breaks"), "returns")


def rejoin(figure: Figure, kind: ExitKind) -> Figure:
    """Join the exits of a kind to the spine below the figure, if it has any."""
    first = figure.exits.of(kind)
    return figure if first is None else ExitJoin(figure, kind, first)
