"""Figures below each other on one spine, and a whole workflow between its beginning and its end."""

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

MAX_CHAIN_DEPTH: Final = 160
"""The maximum nesting of groups in chained stacks, because some XML parsers support only 256 levels."""

BEGINNING: Final = EndPoint("dot", (7,), goes_on=True)
END: Final = EndPoint("ring dot", (10, 5), goes_on=False)
_LANE: Final = 18


class Stack(Struct, frozen=True):
    """Figures in sequence, with an arrow to each.

    The fields from `left_extent` on are computed from the others.
    """

    figures: Sequence[Figure]
    tail: int = 0
    """The length of the line below the last figure."""

    entered: bool = True
    """Whether an arrow leads to the first figure."""

    left_extent: int = 0
    right_extent: int = 0
    height: Length = 0
    goes_on: bool = False
    exits: EarlyExits = NO_EXITS

    def __post_init__(self) -> None:
        height: Length = -GAP
        exits = EarlyExits()
        for figure in self.figures:
            exits = exits.before(figure.exits.lowered(height + GAP))
            height = height + GAP + figure.height
        force_setattr(self, "left_extent", max(figure.left_extent for figure in self.figures))
        force_setattr(self, "right_extent", max(figure.right_extent for figure in self.figures))
        force_setattr(self, "height", height + self.tail)
        force_setattr(self, "goes_on", self.figures[-1].goes_on)
        force_setattr(self, "exits", exits)

    def draw(self, pen: Pen, lanes: Lanes) -> None:
        """Draw the figures below each other.

        Each figure is inside the group of the previous one, so that an inserted figure moves those below without
        changing their lines. Long stacks, whose groups would be nested too deeply, use sibling groups.
        """
        chained = pen.chains and pen.depth + len(self.figures) <= MAX_CHAIN_DEPTH
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


class WorkflowFigure(Struct, frozen=True):
    """A stack between a beginning and an end, where all exits lead."""

    stack: Stack

    @property
    def left_extent(self) -> int:
        return self.stack.left_extent

    @property
    def right_extent(self) -> int:
        return self.stack.right_extent + (_LANE if self.stack.exits else 0)

    @property
    def height(self) -> Length:
        return self.stack.height

    def draw(self, pen: Pen, lanes: Lanes) -> None:
        lane, exits = self.stack.right_extent + _LANE, self.stack.exits
        self.stack.draw(pen, Lanes(lane, lane))
        end, edge = self.height - max(END.rings), max(END.rings)
        for first in (exits.breaks, exits.returns):
            if first is not None:
                pen.out((lane, first), end, edge + 1)


def with_end(function: Figure) -> Figure:
    """Return a function drawn by itself, with an end below it if exits lead there."""
    return Stack([function, END], entered=False) if isinstance(function, ExitJoin) else function


def workflow_figure(content: Figure) -> WorkflowFigure:
    """Return a workflow with this content."""
    figures = content.figures if isinstance(content, Stack) else [content]
    return WorkflowFigure(Stack([BEGINNING, *figures, END], entered=False))
