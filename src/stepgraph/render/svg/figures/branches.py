"""The branches of a choice, side by side between where they part and where they meet again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from msgspec import Struct
from msgspec.structs import force_setattr, replace

from stepgraph.render.svg.figures.columns import UNPLACED, ColumnLayout, Extent, place_columns
from stepgraph.render.svg.figures.connectors import fanned_out, gathered
from stepgraph.render.svg.figures.figure import GAP, NO_EXITS, EarlyExits, Figure, Lanes
from stepgraph.render.svg.figures.label import Label, under
from stepgraph.render.svg.lengths import Length, longest
from stepgraph.render.svg.pen import Pen

if TYPE_CHECKING:
    from stepgraph.render.marks import Mark

_PILLS: Final = 26
_PILL_SIDES: Final = 9
_PILL_PADDING: Final = 3
_SIGN: Final = -5
_SIGN_ROOM: Final = 14
_JOIN: Final = 20
_TAIL: Final = 14


class BranchColumn(Struct, frozen=True):
    """A condition in a pill, and what runs if it holds. A branch that is only `implied` is the way past all others.

    It may have a `mark`. `pill_room` is how high the pills are among branches side by side, so that what is below them
    begins at one height.
    """

    condition: Label
    body: Figure | None
    title: str
    implied: bool = False
    mark: Mark | None = None
    pill_room: int = 0

    @property
    def left(self) -> int:
        """Return how far it reaches to the left."""
        return max(self._pill[0] // 2 + self._sign_room, self.body.left if self.body else 0)

    @property
    def right(self) -> int:
        """Return how far it reaches to the right."""
        return max(self._pill[0] // 2, self.body.right if self.body else 0)

    @property
    def height(self) -> Length:
        """Return how high it is."""
        return self._pill[1] if self.body is None else self._body_top + self.body.height

    @property
    def goes_on(self) -> bool:
        """Tell whether something comes out of it."""
        return self.body is None or self.body.goes_on

    @property
    def exits(self) -> EarlyExits:
        """Return the exits of its body."""
        return self.body.exits.lowered(self._body_top) if self.body else NO_EXITS

    @property
    def pill_height(self) -> int:
        """Return how high its own pill is."""
        return self._pill[1]

    @property
    def _pill(self) -> tuple[int, int]:
        width = self._label.width + 2 * _PILL_SIDES
        return width + width % 2, self._label.height + 2 * _PILL_PADDING

    @property
    def _sign_room(self) -> int:
        return 0 if self.mark is None or self.mark.quiet else _SIGN_ROOM

    @property
    def _label(self) -> Label:
        return under(self.condition, self.mark.remark) if self.mark is not None and self.mark.remark else self.condition

    @property
    def _body_top(self) -> int:
        return max(self._pill[1], self.pill_room) + GAP

    def draw(self, pen: Pen, lanes: Lanes) -> None:
        """Draw the pill and what is below it."""
        self._draw_pill(pen)
        _, height = self._pill
        if self.body:
            if height < self._body_top - GAP:
                pen.path("line", f"M0 {height}V{self._body_top - GAP}")
            pen.open_at(0, self._body_top)
            self.body.draw(pen, lanes)
            pen.close()

    def _draw_pill(self, pen: Pen) -> None:
        width, height = self._pill
        css = "condition implied" if self.implied else "condition"
        pen.open(css if self.mark is None else f"{css} {self.mark.kind.value}", "", self.title)
        pen.box("box", (-width // 2, 0), (width, height), 10)
        self._label.draw(pen, _PILL_SIDES - width // 2, _PILL_PADDING, "")
        if self.mark is not None and self._sign_room:
            # Imported here for start-up: most drawings have no marks.
            from stepgraph.render.svg.figures.marked_figure import draw_sign

            draw_sign(pen, self.mark.kind, _SIGN - width // 2, height // 2)
        pen.close()


class Branches(Struct, frozen=True):
    """Branches side by side. The only one that goes on is on the spine; else the middle of all is.

    `beside` and `ends` follow from the branches.
    """

    branches: Sequence[BranchColumn]
    anchor: int | None
    columns: ColumnLayout = UNPLACED
    ends: Length = 0

    def __post_init__(self) -> None:
        room = max(branch.pill_height for branch in self.branches)
        force_setattr(self, "branches", [replace(branch, pill_room=room) for branch in self.branches])
        extents = [
            Extent(branch.left, branch.right, branch.exits.lowered(_PILLS), bare=branch.body is None)
            for branch in self.branches
        ]
        going_on = [index for index, branch in enumerate(self.branches) if branch.goes_on]
        anchor = going_on[0] if len(going_on) == 1 else self.anchor
        force_setattr(self, "columns", place_columns(extents, anchor))
        bottom = longest([branch.height + _PILLS for branch in self.branches])
        meets = any(self.columns.spines[index] for index in going_on)
        force_setattr(self, "ends", bottom + _JOIN if meets else bottom)

    @property
    def left(self) -> int:
        """Return how far they reach to the left."""
        return self.columns.left

    @property
    def right(self) -> int:
        """Return how far they reach to the right."""
        return self.columns.right

    @property
    def height(self) -> Length:
        """Return how high they are."""
        return self.ends + self.columns.room_below + _TAIL

    @property
    def goes_on(self) -> bool:
        """Tell whether any of them goes on."""
        return any(branch.goes_on for branch in self.branches)

    @property
    def exits(self) -> EarlyExits:
        """Return the exits of all."""
        return self.columns.exits(self.ends)

    def draw(self, pen: Pen, lanes: Lanes) -> None:
        """Draw the lines that part, the branches, and the lines that meet."""
        pen.path("line", fanned_out(self.columns.spines, _PILLS))
        for index, (branch, spine) in enumerate(zip(self.branches, self.columns.spines, strict=True)):
            pen.open_at(spine, _PILLS)
            branch.draw(pen, self.columns.lanes(index, lanes))
            pen.close()
        ends = [
            (spine, branch.height + _PILLS)
            for branch, spine in zip(self.branches, self.columns.spines, strict=True)
            if branch.goes_on
        ]
        if ends:
            pen.path("line", gathered(ends, self.ends, self.height))
        self.columns.draw_exits(pen, lanes, self.ends)
