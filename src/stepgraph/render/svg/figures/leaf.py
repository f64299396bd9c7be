"""Figures without figures inside: boxes, pills of exits, and end points."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Final, Literal

from msgspec import Struct
from msgspec.structs import force_setattr

from stepgraph.render.folding import LeavingKind
from stepgraph.render.svg.figures.badge import draw_badge
from stepgraph.render.svg.figures.figure import EXIT_KINDS, NO_EXITS, EarlyExits, Lanes
from stepgraph.render.svg.figures.label import Label
from stepgraph.render.svg.figures.state_signs import FigureRun, draw_halo, draw_state
from stepgraph.render.svg.pen import Pen
from stepgraph.render.traversal import NOT_ENTERED, TRAVERSED, Traversal

PADDING: Final = 11
MIN_WIDTH: Final = 128
"""The minimum width in pixels of a box with an icon."""

WIDTH_STEP: Final = 32
"""The difference in pixels between the widths of boxes with icons, so that boxes below each other are equally wide."""

STACK_OFFSET: Final = 4


_END_LINE: Final = 14
_END_RADIUS: Final = 7
END_ROOM: Final = _END_LINE + 2 * _END_RADIUS
"""The width in pixels of the line of an exit with its end mark."""
_MAX_RADIUS: Final = 16


def draw_end(pen: Pen, begin: tuple[int, int], kind: LeavingKind | Literal["continue"], *, is_caught: bool) -> None:
    """Draw the end of an exit to the right.

    It is a ring, the arrow of a failure if a handler may catch the exception, or the arrow of a loop for a `continue`.
    """
    if kind == "continue":
        pen.arrow("again", begin, _END_LINE + 2 * _END_RADIUS - 4)
    elif kind == "raise" and is_caught:
        pen.arrow("failure", begin, _END_LINE + 2 * _END_RADIUS - 4)
    else:
        pen.end(begin, _END_LINE, _END_RADIUS, failed=kind == "raise")


def draw_ends(pen: Pen, size: tuple[int, int], kinds: Sequence[LeavingKind], *, is_caught: bool) -> None:
    """Draw the ends of exits of folded nodes beside a box with this right side and height."""
    side, height = size
    for kind in kinds:
        y = _END_RADIUS + 1 if kind == "return" else height - _END_RADIUS - 1
        draw_end(pen, (side, y), kind, is_caught=is_caught)


class SvgGroup(Struct, frozen=True):
    """The attributes of the SVG group of a node."""

    css: str
    """The class in the style sheet."""

    identity: str
    title: str
    """The full text of the node, for tooltips and screen readers."""

    run: FigureRun | None = None
    """The progress of an instance, or None without an instance."""

    @property
    def traversal(self) -> Traversal:
        """The traversal of the figure by the drawn instance."""
        return TRAVERSED if self.run is None else self.run.traversal


class Leaf(Struct, frozen=True):
    """A box with a label.

    The fields from `width` on are computed from the others.
    """

    group: SvgGroup
    label: Label
    stacked: bool = False
    """Whether a second box behind it shows that the box represents other nodes."""

    exit_kinds: Collection[LeavingKind] = ()
    """The kinds of exits of the folded nodes whose lines lead away from the box."""

    ends: Sequence[LeavingKind] = ()
    """The kinds of exits of the folded nodes that end beside the box."""

    is_caught: bool = False
    """Whether a handler may catch an exception that ends beside the box."""

    continues: bool = True
    width: int = 0
    """The width of the box, an even number so that its spine is at a whole pixel."""

    left_extent: int = 0
    right_extent: int = 0
    height: int = 0
    exits: EarlyExits = NO_EXITS

    def __post_init__(self) -> None:
        width, offset = box_width(self.label), STACK_OFFSET if self.stacked else 0
        force_setattr(self, "width", width)
        force_setattr(self, "left_extent", width // 2)
        force_setattr(self, "height", self.label.height + 2 * PADDING - 4 + offset)
        force_setattr(self, "right_extent", width // 2 + offset + (END_ROOM if self.ends else 0))
        if self.exit_kinds:
            force_setattr(self, "exits", self._exits())

    @property
    def traversal(self) -> Traversal:
        return self.group.traversal

    def _exits(self) -> EarlyExits:
        middle = self.height // 2
        returns = "return" in self.exit_kinds or "raise" in self.exit_kinds
        is_passed = self.group.run is not None and (self.traversal.exited or not self.traversal.entered)
        untaken = EXIT_KINDS if is_passed else NO_EXITS.untaken
        return EarlyExits(middle if "break" in self.exit_kinds else None, middle if returns else None, untaken)

    @property
    def _right_side(self) -> int:
        return self.width // 2 + (STACK_OFFSET if self.stacked else 0)

    def draw(self, pen: Pen, lanes: Lanes) -> None:
        group, box = self.group, (self.width, self.height - (STACK_OFFSET if self.stacked else 0))
        is_link = bool(pen.links) and pen.open_link(group.identity)
        pen.open(group.css, group.identity, group.title)
        if group.run is not None:
            draw_halo(pen, group.run, (-self.left_extent, 0), box)
        if self.exits is not NO_EXITS:
            for first, lane in ((self.exits.breaks, lanes.breaks), (self.exits.returns, lanes.returns)):
                if first is not None:
                    pen.leave((self._right_side, self.height // 2), lane)
        if self.ends:
            draw_ends(pen, (self._right_side, self.height), self.ends, is_caught=self.is_caught)
        if self.stacked:
            pen.box("box", (STACK_OFFSET - self.left_extent, STACK_OFFSET), box)
        pen.box("box", (-self.left_extent, 0), box)
        self.label.draw(pen, PADDING - self.left_extent, PADDING - 2, "ink")
        draw_badge(pen, group.identity, self.width - self.left_extent)
        if group.run is not None:
            draw_state(pen, group.run, -self.left_extent)
        pen.close()
        if is_link:
            pen.close_link()


def box_width(label: Label) -> int:
    """Return the width of a box with a label, an even number."""
    width = label.width + 2 * PADDING
    if not label.icon:
        return _even(width)
    return max(MIN_WIDTH, -(-width // WIDTH_STEP) * WIDTH_STEP)


def label_room(label: Label) -> int:
    """Return the width of the inside of the box with a label."""
    return box_width(label) - 2 * PADDING


class ExitPill(Struct, frozen=True):
    """The pill of an exit, with a line to the right."""

    group: SvgGroup
    label: Label
    kind: LeavingKind | Literal["continue"]
    ends: bool = False
    """Whether the line leads to an end mark beside the pill, which is a cross for `raise`."""

    is_caught: bool = False
    """Whether the end mark is the arrow of a failure, because a handler may catch the exception."""

    @property
    def left_extent(self) -> int:
        return _even(self.label.width + 2 * PADDING) // 2

    @property
    def right_extent(self) -> int:
        return self.left_extent + (_END_LINE + 2 * _END_RADIUS if self.ends else 0)

    @property
    def height(self) -> int:
        return self.label.height + PADDING

    @property
    def continues(self) -> bool:
        return False

    @property
    def traversal(self) -> Traversal:
        return self.group.traversal

    @property
    def exits(self) -> EarlyExits:
        middle = self.height // 2
        if self.ends:
            return NO_EXITS
        untaken = NO_EXITS.untaken if self.traversal.entered else EXIT_KINDS
        is_break = self.kind == "break"
        return EarlyExits(middle if is_break else None, None if is_break else middle, untaken)

    def draw(self, pen: Pen, lanes: Lanes) -> None:
        pen.open(self.group.css, self.group.identity, self.group.title)
        if self.ends:
            draw_end(pen, (self.left_extent, self.height // 2), self.kind, is_caught=self.is_caught)
        else:
            lane = lanes.breaks if self.kind == "break" else lanes.returns
            pen.leave((self.right_extent, self.height // 2), lane)
        pen.box("box", (-self.left_extent, 0), (2 * self.left_extent, self.height), min(self.height // 2, _MAX_RADIUS))
        self.label.draw(pen, PADDING - self.left_extent, PADDING // 2, "ink")
        draw_badge(pen, self.group.identity, self.left_extent)
        pen.close()


class EndPoint(Struct, frozen=True):
    """The point at which a workflow, or a separately drawn function, begins or ends."""

    css: str
    """The classes of the circles, separated by spaces."""

    rings: Sequence[int]
    """The radii of the circles."""

    continues: bool
    entered: bool = True
    """Whether the drawn instance reached the point."""

    @property
    def traversal(self) -> Traversal:
        return TRAVERSED if self.entered else NOT_ENTERED

    @property
    def exits(self) -> EarlyExits:
        return NO_EXITS

    @property
    def left_extent(self) -> int:
        return max(self.rings)

    @property
    def right_extent(self) -> int:
        return max(self.rings)

    @property
    def height(self) -> int:
        return 2 * max(self.rings)

    def draw(self, pen: Pen, lanes: Lanes) -> None:
        middle = max(self.rings)
        for css, radius in zip(self.css.split(), self.rings, strict=True):
            pen.lines.append(f'<circle class="{css}" cy="{middle}" r="{radius}"/>')


def _even(number: int) -> int:
    return number + number % 2
