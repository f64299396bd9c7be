"""A frame around a figure, with a label in a band at its top."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from msgspec import Struct
from msgspec.structs import force_setattr

from stepgraph.render.folding import LeavingKind
from stepgraph.render.svg.figures.badge import draw_frame_badge
from stepgraph.render.svg.figures.figure import NO_EXITS, EarlyExits, Figure, Lanes
from stepgraph.render.svg.figures.label import Label
from stepgraph.render.svg.figures.leaf import END_ROOM, STACK_OFFSET, SvgGroup, box_width, draw_ends
from stepgraph.render.svg.figures.state_signs import draw_halo, draw_inner_state, draw_state
from stepgraph.render.svg.lengths import Length, LengthVariables, half, longest, value_of
from stepgraph.render.svg.pen import Pen
from stepgraph.render.traversal import Traversal

SIDES: Final = 12
_BAND_PADDING: Final = 6
_BAND_SIDES: Final = 10
_FOLDED_PADDING: Final = 8
_RADIUS: Final = 8


def room_above(content: Figure) -> int:
    """Return the width of the widest label of a frame that is not wider than its content requires.

    In a page, this is the width while everything is open, so that the labels are those of a picture.
    """
    return value_of(content.left_extent) + value_of(content.right_extent) + 2 * (SIDES - _BAND_SIDES)


class FoldedForm(Struct, frozen=True):
    """The form of a frame that is folded in a page: a box with a summary, centered on the spine."""

    variables: LengthVariables
    """The symbolic lengths of the page."""

    label: Label
    ends: Sequence[LeavingKind] = ()
    """The kinds of exits of the nodes inside that end beside the box."""

    is_caught: bool = False
    """Whether a handler may catch an exception that ends beside the box."""

    @property
    def extent(self) -> int:
        """The distance from the spine to either side."""
        return box_width(self.label) // 2

    @property
    def height(self) -> int:
        return self.label.height + 2 * _FOLDED_PADDING


class FrameFigure(Struct, frozen=True):
    """A frame around a figure. The spine stops at the band and continues below it.

    The fields from `left_extent` on are computed from the others.
    """

    group: SvgGroup
    label: Label | None
    """The label, or None for a frame without a band."""

    content: Figure
    lead: int
    """The distance from the band to the content."""

    folded: FoldedForm | None = None
    """The form of the frame while it is folded in a page, or None without folding."""

    stacked: bool = False
    """Whether a second frame behind it indicates any number of repetitions."""

    min_right_extent: Length = 0
    """The minimum distance from the spine to the right side."""

    left_extent: Length = 0
    right_side: Length = 0
    """The distance from the spine to the right side, without end marks beside a folded frame."""

    right_extent: Length = 0
    height: Length = 0
    continues: bool = False
    exits: EarlyExits = NO_EXITS

    def __post_init__(self) -> None:
        left_extent, right_extent = self._sides()
        top = self.band + self.lead
        exits = self.content.exits.lowered(top)
        force_setattr(self, "continues", self.stacked or self.content.continues)
        if self.folded is None:
            force_setattr(self, "left_extent", left_extent)
            force_setattr(self, "right_side", right_extent + self._offset)
            force_setattr(self, "right_extent", right_extent + self._offset)
            force_setattr(self, "height", self.content.height + (top + self._offset))
            force_setattr(self, "exits", exits)
            return
        force_setattr(self, "left_extent", self._unless_folded(left_extent, self._folded_extent))
        open_side, folded_side = right_extent + self._offset, self._folded_extent + self._offset
        force_setattr(self, "right_side", self._unless_folded(open_side, folded_side))
        room = END_ROOM if self._ends else 0
        force_setattr(self, "right_extent", self._unless_folded(open_side, folded_side + room))
        height = self.content.height + (top + self._offset)
        force_setattr(self, "height", self._unless_folded(height, self._folded_height + self._offset))
        force_setattr(self, "exits", exits.moved(self._exit))

    @property
    def traversal(self) -> Traversal:
        return self.group.traversal

    @property
    def band(self) -> int:
        """The height of the band."""
        return 0 if self.label is None else self.label.height + 2 * _BAND_PADDING

    @property
    def _offset(self) -> int:
        return STACK_OFFSET if self.stacked else 0

    @property
    def _folded_extent(self) -> int:
        return 0 if self.folded is None else self.folded.extent

    @property
    def _folded_height(self) -> int:
        return 0 if self.folded is None else self.folded.height

    @property
    def _ends(self) -> Sequence[LeavingKind]:
        """The kinds of exits that end beside the folded frame. The line of a `return` replaces its mark."""
        if self.folded is None:
            return ()
        has_line = self.content.exits.returns is not None
        return [kind for kind in self.folded.ends if kind != "return" or not has_line]

    def _sides(self) -> tuple[Length, Length]:
        """Return the extents of the open frame, in which the content and the label have room."""
        left, right = self.content.left_extent + SIDES, self.content.right_extent + SIDES
        if self.min_right_extent:
            right = longest([right, self.min_right_extent])
        if self.label is None:
            return left, right
        width = self.label.width + 2 * _BAND_SIDES
        return longest([left, half(left - right + width)]), longest([right, half(right - left + (width + 1))])

    def _unless_folded(self, length: Length, folded_length: int) -> Length:
        if self.folded is None:
            return length
        return self.folded.variables.fold(self.group.identity, length, folded_length)

    def _exit(self, exit_at: Length) -> Length:
        """Return the height of an exit, which is at the middle of the frame while it is folded."""
        return self._unless_folded(exit_at, self._folded_height // 2)

    def draw(self, pen: Pen, lanes: Lanes) -> None:
        foldable = "" if self.folded is None else " foldable"
        pen.open(f"frame{foldable} {self.group.css}", self.group.identity, self.group.title)
        draw_halo(pen, self.group.run, (-self.left_extent, 0), (self.left_extent + self.right_side, self.height))
        self._draw_edge(pen)
        if self.label is not None:
            pen.path("band", self._band_path())
            self._draw_label(pen, self.label)
        if self.folded is not None:
            self._draw_folded_exits(pen, lanes)
        right = self.right_side - self._offset
        draw_frame_badge(pen, self.group.identity, right, foldable=self.folded is not None)
        draw_state(pen, self.group.run, -self.left_extent)
        draw_inner_state(pen, self.group.run, -self._folded_extent)
        pen.open_at(0, self.band + self.lead)
        self.content.draw(pen, lanes)
        pen.close()
        pen.close()

    def _draw_label(self, pen: Pen, label: Label) -> None:
        x = _BAND_SIDES - self.left_extent
        if self.folded is None:
            label.draw(pen, x, _BAND_PADDING, "ink")
            return
        pen.icon("ink", x, self._unless_folded(_BAND_PADDING, _FOLDED_PADDING), label.icon)
        label.draw_text(pen, x, _BAND_PADDING, "while-open")
        self.folded.label.draw_text(pen, _BAND_SIDES - self.folded.extent, _FOLDED_PADDING, "while-folded")

    def _draw_folded_exits(self, pen: Pen, lanes: Lanes) -> None:
        """Draw the lines and the end marks of exits that are visible while the frame is folded."""
        side = self._folded_extent + self._offset
        for first, lane in ((self.content.exits.breaks, lanes.breaks), (self.content.exits.returns, lanes.returns)):
            if first is not None:
                pen.leave((side, self._folded_height // 2), lane, "out while-folded")
        if self._ends and self.folded is not None:
            pen.open_part("while-folded")
            draw_ends(pen, (side, self._folded_height), self._ends, is_caught=self.folded.is_caught)
            pen.close()

    def _draw_edge(self, pen: Pen) -> None:
        if not self.stacked:
            pen.box("edge", (-self.left_extent, 0), (self.left_extent + self.right_side, self.height), _RADIUS)
            return
        for shift in (STACK_OFFSET, 0):
            size = (self.left_extent + self.right_side - STACK_OFFSET, self.height - STACK_OFFSET)
            pen.box("edge", (shift - self.left_extent, shift), size, _RADIUS)
        faded = not self.traversal.exited
        pen.path("line", f"M0 {self.height - STACK_OFFSET}V{self.height}", faded=faded)

    def _band_path(self) -> str:
        width = self.left_extent + self.right_side - (2 * _RADIUS + self._offset)
        corner = f"{_RADIUS} {_RADIUS}"
        return (
            f"M{-self.left_extent} {self.band}V{_RADIUS}a{corner} 0 0 1 {_RADIUS} {-_RADIUS}"
            f"h{width}a{corner} 0 0 1 {corner}V{self.band}z"
        )
