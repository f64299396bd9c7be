"""Figures on one spine: sequences, loop bodies, joins of exits, and whole workflows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from msgspec import Struct
from msgspec.structs import force_setattr, replace

from stepgraph.render.svg.figures.figure import GAP, NO_EXITS, EarlyExits, ExitKind, Figure, Lanes
from stepgraph.render.svg.figures.leaf import EndPoint
from stepgraph.render.svg.lengths import Length, longest
from stepgraph.render.svg.pen import RADIUS, Pen
from stepgraph.render.traversal import Traversal

MAX_CHAIN_DEPTH: Final = 160
"""The maximum nesting of groups in chained stacks, because some XML parsers support only 256 levels."""

LOOP_TAIL: Final = 28
"""The length of the line below the last figure of a loop body. The line back branches off at its middle."""

BEGINNING: Final = EndPoint("dot", (7,), continues=True)
END: Final = EndPoint("ring dot", (10, 5), continues=False)
_LINE_AWAY: Final = 20
_LINE_ABOVE: Final = 18
_JOIN_LANE: Final = 14
_JOIN_BELOW: Final = 12
_END_LANE: Final = 18


class Stack(Struct, frozen=True):
    """Figures in sequence, with an arrow to each.

    The fields from `left_extent` on are computed from the others.
    """

    figures: Sequence[Figure]
    tail: int = 0
    """The length of the line below the last figure."""

    entered: bool = True
    """Whether an arrow leads to the first figure."""

    left_extent: Length = 0
    right_extent: Length = 0
    height: Length = 0
    continues: bool = False
    exits: EarlyExits = NO_EXITS

    def __post_init__(self) -> None:
        height: Length = -GAP
        exits = NO_EXITS
        for figure in self.figures:
            if (figure_exits := figure.exits) is not NO_EXITS:
                exits = exits.before(figure_exits.lowered(height + GAP))
            height = height + GAP + figure.height
        force_setattr(self, "left_extent", longest([figure.left_extent for figure in self.figures]))
        force_setattr(self, "right_extent", longest([figure.right_extent for figure in self.figures]))
        force_setattr(self, "height", height + self.tail)
        force_setattr(self, "continues", self.figures[-1].continues)
        force_setattr(self, "exits", exits)

    @property
    def traversal(self) -> Traversal:
        return Traversal(self.figures[0].traversal.entered, self.figures[-1].traversal.exited)

    def draw(self, pen: Pen, lanes: Lanes) -> None:
        """Draw the figures below each other.

        Outside of pages, each figure is inside the group of the previous one, so that an inserted figure moves those
        below without changing their lines. Long stacks, whose groups would be nested too deeply, use sibling groups.
        """
        chained = pen.chains and pen.depth + len(self.figures) <= MAX_CHAIN_DEPTH
        y: Length = 0
        reached = self.entered
        for index, figure in enumerate(self.figures):
            if index or not chained:
                pen.open_at(0, y, faded=not figure.traversal.entered)
            if reached:
                pen.down()
            figure.draw(pen, lanes)
            if index == len(self.figures) - 1 and self.tail and figure.continues:
                pen.path("line", f"M0 {figure.height}V{figure.height + self.tail}", faded=not figure.traversal.exited)
            if not chained:
                pen.close()
            reached = figure.continues
            y = figure.height + GAP if chained else y + figure.height + GAP
        if chained:
            for _ in self.figures[1:]:
                pen.close()


class LoopBody(Struct, frozen=True):
    """A stack that runs repeatedly.

    The line back is on the left side, because exits are on the right side.
    """

    body: Figure
    endless: bool = False
    """Whether only exits leave the loop. The line below the body is then as long as the way to the line back."""

    repeated: bool = True
    """Whether the drawn instance took the line back."""

    exited: bool = True
    """Whether the drawn instance left the loop at its end.

    Otherwise, the line below the body is as short as in an endless loop, and its continuation is faded.
    """

    @property
    def traversal(self) -> Traversal:
        return self.body.traversal

    @property
    def left_extent(self) -> Length:
        return self.body.left_extent + _LINE_AWAY

    @property
    def right_extent(self) -> Length:
        return self.body.right_extent

    @property
    def height(self) -> Length:
        return self.body.height + (LOOP_TAIL // 2 if self.endless or not self.exited else 0)

    @property
    def continues(self) -> bool:
        """Whether the loop may end without an exit, which other loops do even without any iteration."""
        return not self.endless

    @property
    def exits(self) -> EarlyExits:
        return self.body.exits

    def draw(self, pen: Pen, lanes: Lanes) -> None:
        """Draw the body and the line back, or a line past the body if no iteration reaches its end.

        An endless loop has neither in that case: its iterations end in exits and in the arrows of `continue`s.
        """
        self.body.draw(pen, lanes)
        end = self.height - LOOP_TAIL // 2
        if not self.body.continues and not self.endless:
            pen.path("line", f"M0 {end}V{self.height}", faded=not self.exited)
        elif not self.endless and not self.exited:
            pen.path("line", f"M0 {end}V{self.height}", faded=True)
        up = f"q{-RADIUS} 0 {-RADIUS} {-RADIUS}V{RADIUS - _LINE_ABOVE}"
        side = f"M0 {end}H{RADIUS - self.left_extent}{up}q0 {-RADIUS} {RADIUS} {-RADIUS}H0"
        if self.body.continues:
            faded, head = not self.repeated, -_LINE_ABOVE
            pen.path("again", side, faded=faded)
            pen.path("again head", f"M-8 {head - 4}L-1 {head}L-8 {head + 4}z", faded=faded)
        elif not self.endless:
            pen.path("line", side, faded=not self.exited)


class ExitJoin(Struct, frozen=True):
    """A figure whose exits of one kind lead down its right side and join the spine below the figure."""

    figure: Figure
    kind: ExitKind
    first: Length
    """The height of the first exit."""

    @property
    def left_extent(self) -> Length:
        return self.figure.left_extent

    @property
    def right_extent(self) -> Length:
        return self.figure.right_extent + _JOIN_LANE + 1

    @property
    def height(self) -> Length:
        return self.figure.height + 2 * _JOIN_BELOW

    @property
    def continues(self) -> bool:
        return True

    @property
    def traversal(self) -> Traversal:
        return self.figure.traversal

    @property
    def exits(self) -> EarlyExits:
        return replace(self.figure.exits, **{self.kind: None})

    def draw(self, pen: Pen, lanes: Lanes) -> None:
        lane, end = self.figure.right_extent + _JOIN_LANE, self.figure.height + _JOIN_BELOW
        self.figure.draw(pen, replace(lanes, **{self.kind: lane}))
        begin = self.figure.height if self.figure.continues else end
        pen.path("line", f"M0 {begin}V{end + _JOIN_BELOW}", faded=not self.traversal.exited)
        exits = self.figure.exits
        out = pen.exits_above((lane, self.first), exits.first_taken(self.kind))
        pen.out(out, end, 1, faded=self.kind in exits.untaken)


def rejoin_all(figure: Figure) -> Figure:
    """Join the exits of a frame that no exit leaves, such as a function, to the spine below it."""
    return rejoin(rejoin(figure, "breaks"), "returns")


def rejoin(figure: Figure, kind: ExitKind) -> Figure:
    """Join the exits of a kind, if the figure has any, to the spine below it."""
    first = figure.exits.of(kind)
    return figure if first is None else ExitJoin(figure, kind, first)


class WorkflowFigure(Struct, frozen=True):
    """A stack between a beginning and an end, to which all exits lead."""

    stack: Stack

    @property
    def left_extent(self) -> Length:
        return self.stack.left_extent

    @property
    def right_extent(self) -> Length:
        return self.stack.right_extent + (_END_LANE if self.stack.exits else 0)

    @property
    def height(self) -> Length:
        return self.stack.height

    def draw(self, pen: Pen, lanes: Lanes) -> None:
        lane, exits = self.stack.right_extent + _END_LANE, self.stack.exits
        self.stack.draw(pen, Lanes(lane, lane))
        end, edge = self.height - max(END.rings), max(END.rings)
        kinds: tuple[ExitKind, ...] = ("breaks", "returns")
        for kind in kinds:
            if (first := exits.of(kind)) is not None:
                begin = pen.exits_above((lane, first), exits.first_taken(kind))
                pen.out(begin, end, edge + 1, faded=kind in exits.untaken)


def workflow_figure(content: Figure) -> WorkflowFigure:
    """Return a workflow with this content. It has no end that nothing leads to."""
    figures = content.figures if isinstance(content, Stack) else [content]
    end = [replace(END, entered=content.traversal.exited)] if content.continues or content.exits else []
    return WorkflowFigure(Stack([BEGINNING, *figures, *end], entered=False))


def with_end(function: Figure) -> Figure:
    """Return a separately drawn function, with an end point below it if exits lead there."""
    return Stack([function, END], entered=False) if isinstance(function, ExitJoin) else function
