"""Figures one below the other, on one spine."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from msgspec import Struct
from msgspec.structs import force_setattr

from stepgraph.render.svg.figures.exit_join import ExitJoin
from stepgraph.render.svg.figures.figure import GAP, NO_EXITS, EarlyExits, Figure, Lanes
from stepgraph.render.svg.figures.leaf import EndPoint
from stepgraph.render.svg.lengths import Length
from stepgraph.render.svg.pen import Pen

DEEPEST_CHAIN: Final = 160
"""How many groups may be within each other for the sake of small changes: some readers of XML take at most 256."""


class Stack(Struct, frozen=True):
    """Figures in a sequence, an arrow leading to each; `tail` is a line that leads on from the last.

    The first arrow begins above the stack, unless nothing leads into it. From `left` on, all follows from the figures.
    """

    figures: Sequence[Figure]
    tail: int = 0
    entered: bool = True
    left: int = 0
    right: int = 0
    height: Length = 0
    goes_on: bool = False
    exits: EarlyExits = NO_EXITS

    def __post_init__(self) -> None:
        height: Length = -GAP
        exits = EarlyExits()
        for figure in self.figures:
            exits = exits.before(figure.exits.lowered(height + GAP))
            height = height + GAP + figure.height
        force_setattr(self, "left", max(figure.left for figure in self.figures))
        force_setattr(self, "right", max(figure.right for figure in self.figures))
        force_setattr(self, "height", height + self.tail)
        force_setattr(self, "goes_on", self.figures[-1].goes_on)
        force_setattr(self, "exits", exits)

    def draw(self, pen: Pen, lanes: Lanes) -> None:
        """Draw the figures, each where the one before it ends.

        Each stands in the group of the one before it, so that a figure more moves those below without a word of theirs
        being changed; in long lists, which would be nested too deeply, beside it.
        """
        chained = pen.chains and pen.depth + len(self.figures) <= DEEPEST_CHAIN
        y: Length = 0
        reached = self.entered
        for index, figure in enumerate(self.figures):
            if index or not chained:
                pen.open_at(0, y)
            if reached:
                pen.down()
            figure.draw(pen, lanes)
            if index == len(self.figures) - 1 and self.tail and figure.goes_on:
                pen.path("line", f"M0 {figure.height}V{figure.height + self.tail}")
            if not chained:
                pen.close()
            reached = figure.goes_on
            y = figure.height + GAP if chained else y + figure.height + GAP
        if chained:
            for _ in self.figures[1:]:
                pen.close()


BEGINNING: Final = EndPoint("dot", (7,), goes_on=True)
END: Final = EndPoint("ring dot", (10, 5), goes_on=False)
_LANE: Final = 18


class WorkflowFigure(Struct, frozen=True):
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


def with_end(function: Figure) -> Figure:
    """Return a function that stands by itself, and below it where it ends if exits lead there."""
    return Stack([function, END], entered=False) if isinstance(function, ExitJoin) else function


def workflow_figure(content: Figure) -> WorkflowFigure:
    """Return a workflow that consists of this, the figures of a stack one by one."""
    figures = content.figures if isinstance(content, Stack) else [content]
    return WorkflowFigure(Stack([BEGINNING, *figures, END], entered=False))
