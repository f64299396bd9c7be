"""A whole workflow, from where it begins to where it ends."""

from __future__ import annotations

from typing import Final

from msgspec import Struct

from stepgraph.render.svg.figures.figure import Figure, Lanes
from stepgraph.render.svg.figures.leaf import Mark
from stepgraph.render.svg.figures.rejoined import Rejoined
from stepgraph.render.svg.figures.stack import Stack
from stepgraph.render.svg.lengths import Length
from stepgraph.render.svg.pen import Pen

BEGINNING: Final = Mark("dot", (7,), goes_on=True)
END: Final = Mark("ring dot", (10, 5), goes_on=False)
_LANE: Final = 18


class Whole(Struct, frozen=True):
    """Figures between a beginning and an end, which all exits lead to."""

    stack: Stack

    @property
    def left(self) -> int:
        """Return how far it reaches to the left."""
        return self.stack.left

    @property
    def right(self) -> int:
        """Return how far it reaches to the right."""
        return self.stack.right + (_LANE if self.stack.exits else 0)

    @property
    def height(self) -> Length:
        """Return how high it is."""
        return self.stack.height

    def draw(self, pen: Pen, lanes: Lanes) -> None:  # noqa: ARG002 - it has lanes of its own
        """Draw the figures, and the line that exits take to the end."""
        lane, exits = self.stack.right + _LANE, self.stack.exits
        self.stack.draw(pen, Lanes(lane, lane))
        end, edge = self.height - max(END.rings), max(END.rings)
        for first in (exits.breaks, exits.returns):
            if first is not None:
                pen.out((lane, first), end, edge + 1)


def ended(function: Figure) -> Figure:
    """Return a function that stands by itself, and below it where it ends if exits lead there."""
    return Stack([function, END], entered=False) if isinstance(function, Rejoined) else function


def whole(content: Figure) -> Whole:
    """Return a workflow that consists of this, the figures of a stack one by one."""
    figures = content.figures if isinstance(content, Stack) else [content]
    return Whole(Stack([BEGINNING, *figures, END], entered=False))
