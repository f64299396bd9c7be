"""A guard: a condition on the spine, with the exit that it leads to beside it."""

from __future__ import annotations

from typing import Final

from msgspec import Struct

from stepgraph.render.svg.figures.badge import draw_badge
from stepgraph.render.svg.figures.figure import EarlyExits, Figure, Lanes
from stepgraph.render.svg.figures.label import Label
from stepgraph.render.svg.figures.leaf import PADDING, SvgGroup
from stepgraph.render.svg.lengths import value_of
from stepgraph.render.svg.pen import Pen
from stepgraph.render.traversal import Traversal

_LINE: Final = 14
_RADIUS: Final = 10


class Guard(Struct, frozen=True):
    """An `if` whose only branch is an exit. If the condition is false, the spine continues below its box."""

    group: SvgGroup
    label: Label
    """The condition."""

    exit: Figure
    """The pill of the exit, which may have a mark."""

    exit_left: int
    """The distance from the spine of the exit to the left edge of its pill, without a mark."""

    @property
    def left_extent(self) -> int:
        width = self.label.width + 2 * PADDING
        return (width + width % 2) // 2

    @property
    def right_extent(self) -> int:
        return self._exit_spine + value_of(self.exit.right_extent)

    @property
    def height(self) -> int:
        return max(self.label.height + PADDING, value_of(self.exit.height))

    @property
    def continues(self) -> bool:
        return True

    @property
    def traversal(self) -> Traversal:
        return self.group.traversal

    @property
    def exits(self) -> EarlyExits:
        return self.exit.exits.lowered(self._exit_top)

    @property
    def _exit_spine(self) -> int:
        return self.left_extent + _LINE + value_of(self.exit.left_extent)

    @property
    def _exit_top(self) -> int:
        return (self.height - value_of(self.exit.height)) // 2

    def draw(self, pen: Pen, lanes: Lanes) -> None:
        left, middle = self.left_extent, self.height // 2
        pen.open(self.group.css, self.group.identity, self.group.title)
        pen.box("box", (-left, 0), (2 * left, self.height), _RADIUS)
        self.label.draw(pen, PADDING - left, (self.height - self.label.height) // 2, "ink")
        draw_badge(pen, self.group.identity, left)
        pen.close()
        faded = not self.exit.traversal.entered
        pen.path("line", f"M{left} {middle}h{self._exit_spine - self.exit_left - left}", faded=faded)
        pen.open_at(self._exit_spine, self._exit_top, faded=faded)
        self.exit.draw(pen, lanes.relative_to(self._exit_spine))
        pen.close()
