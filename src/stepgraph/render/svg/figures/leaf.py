"""Boxes without figures in them: steps, calls, what is folded, and the ways out."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Final

from msgspec import Struct

from stepgraph.model.payload import BreakKind
from stepgraph.render.svg.figures.figure import NO_EXITS, EarlyExits, Lanes
from stepgraph.render.svg.figures.label import Label
from stepgraph.render.svg.pen import Pen

PADDING: Final = 11
NARROWEST: Final = 128
"""How wide a box with an icon is at least, so that most have the same width."""

BEHIND: Final = 4


class SvgGroup(Struct, frozen=True):
    """What marks a figure as that of a node: its class in the style sheet, its identity, its full text."""

    css: str
    identity: str
    title: str


class Leaf(Struct, frozen=True):
    """A box with a label. One that is `stacked` has another behind it: there is more to it than is drawn.

    `ways_out` lead from what is not drawn to where exits lead.
    """

    group: SvgGroup
    label: Label
    stacked: bool = False
    goes_on: bool = True
    ways_out: Collection[BreakKind] = ()

    @property
    def exits(self) -> EarlyExits:
        """Return the ways out of what is folded in it."""
        middle = self.height // 2
        return EarlyExits(middle if "break" in self.ways_out else None, middle if "return" in self.ways_out else None)

    @property
    def width(self) -> int:
        """Return how wide the box is: an even number, to stand on its spine."""
        return max(NARROWEST if self.label.icon else 0, _even(self.label.width + 2 * PADDING))

    @property
    def left(self) -> int:
        """Return how far it reaches to the left."""
        return self.width // 2

    @property
    def right(self) -> int:
        """Return how far it reaches to the right."""
        return self.width // 2 + (BEHIND if self.stacked else 0)

    @property
    def height(self) -> int:
        """Return how high it is."""
        return self._box_height + (BEHIND if self.stacked else 0)

    @property
    def _box_height(self) -> int:
        return self.label.height + 2 * PADDING - 4

    def draw(self, pen: Pen, lanes: Lanes) -> None:
        """Draw the box and its label, and the lines of ways out."""
        box = (self.width, self._box_height)
        pen.open(self.group.css, self.group.identity, self.group.title)
        for kind, lane in (("break", lanes.breaks), ("return", lanes.returns)):
            if kind in self.ways_out:
                pen.leave((self.right, self.height // 2), lane)
        if self.stacked:
            pen.box("box", (BEHIND - self.left, BEHIND), box)
        pen.box("box", (-self.left, 0), box)
        self.label.draw(pen, PADDING - self.left, PADDING - 2, "ink")
        pen.close()


class ExitPill(Struct, frozen=True):
    """A `break` or a `return`: a pill that a line leaves to the right."""

    group: SvgGroup
    label: Label
    kind: str

    @property
    def left(self) -> int:
        """Return how far it reaches to the left."""
        return _even(self.label.width + 2 * PADDING) // 2

    @property
    def right(self) -> int:
        """Return how far it reaches to the right."""
        return self.left

    @property
    def height(self) -> int:
        """Return how high it is."""
        return self.label.height + PADDING

    @property
    def goes_on(self) -> bool:
        """Return that nothing comes after it."""
        return False

    @property
    def exits(self) -> EarlyExits:
        """Return the way out that it is."""
        middle = self.height // 2
        return EarlyExits(returns=middle) if self.kind == "return" else EarlyExits(breaks=middle)

    def draw(self, pen: Pen, lanes: Lanes) -> None:
        """Draw the pill, and the line to where exits turn down."""
        lane = lanes.returns if self.kind == "return" else lanes.breaks
        pen.open(self.group.css, self.group.identity, self.group.title)
        pen.leave((self.right, self.height // 2), lane)
        pen.box("box", (-self.left, 0), (2 * self.left, self.height), self.height // 2)
        self.label.draw(pen, PADDING - self.left, PADDING // 2, "ink")
        pen.close()


class EndPoint(Struct, frozen=True):
    """The point where a workflow, or a function that stands by itself, begins or ends."""

    css: str
    rings: Sequence[int]
    goes_on: bool

    @property
    def exits(self) -> EarlyExits:
        """Return that there are none."""
        return NO_EXITS

    @property
    def left(self) -> int:
        """Return how far it reaches to the left."""
        return max(self.rings)

    @property
    def right(self) -> int:
        """Return how far it reaches to the right."""
        return max(self.rings)

    @property
    def height(self) -> int:
        """Return how high it is."""
        return 2 * max(self.rings)

    def draw(self, pen: Pen, lanes: Lanes) -> None:  # noqa: ARG002 - it has no exits
        """Draw circles around each other."""
        middle = max(self.rings)
        for css, radius in zip(self.css.split(), self.rings, strict=True):
            pen.lines.append(f'<circle class="{css}" cy="{middle}" r="{radius}"/>')


def _even(number: int) -> int:
    return number + number % 2
