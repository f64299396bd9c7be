"""Figures one below the other, on one spine."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from stepgraph.render.svg.figures.figure import GAP, Drawing, Exits, Figure, Lanes
from stepgraph.render.svg.lengths import Length
from stepgraph.render.svg.pen import Pen

DEEPEST_CHAIN: Final = 160
"""How many groups may be within each other for the sake of small changes: some readers of XML take at most 256."""


@dataclass(frozen=True, slots=True)
class Stack:
    """Figures in a sequence, an arrow leading to each; `tail` is a line that leads on from the last.

    The first arrow begins above the stack, unless nothing leads into it.
    """

    figures: Sequence[Figure]
    tail: int = 0
    entered: bool = True
    left: int = field(init=False)
    right: int = field(init=False)
    height: Length = field(init=False)
    goes_on: bool = field(init=False)
    exits: Exits = field(init=False)

    def __post_init__(self) -> None:
        height: Length = -GAP
        exits = Exits()
        for figure in self.figures:
            exits = exits.before(figure.exits.lowered(height + GAP))
            height = height + GAP + figure.height
        object.__setattr__(self, "left", max(figure.left for figure in self.figures))
        object.__setattr__(self, "right", max(figure.right for figure in self.figures))
        object.__setattr__(self, "height", height + self.tail)
        object.__setattr__(self, "goes_on", self.figures[-1].goes_on)
        object.__setattr__(self, "exits", exits)

    def draw(self, pen: Pen, lanes: Lanes) -> Drawing:
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
            yield figure.draw(pen, lanes)
            if index == len(self.figures) - 1 and self.tail and figure.goes_on:
                pen.path("line", f"M0 {figure.height}V{figure.height + self.tail}")
            if not chained:
                pen.close()
            reached = figure.goes_on
            y = figure.height + GAP if chained else y + figure.height + GAP
        if chained:
            for _ in self.figures[1:]:
                pen.close()
