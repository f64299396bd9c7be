"""The branches of a choice, side by side."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from msgspec import Struct
from msgspec.structs import force_setattr, replace

from stepgraph.render.svg.figures.columns import (
    UNPLACED,
    Column,
    ColumnLayout,
    fanned_out,
    gathered,
    is_too_wide,
    place_columns,
    stagger,
)
from stepgraph.render.svg.figures.figure import GAP, NO_EXITS, EarlyExits, Figure, Lanes
from stepgraph.render.svg.figures.label import Label, add_remark
from stepgraph.render.svg.lengths import Length, longest, value_of
from stepgraph.render.svg.pen import Pen, faded_first
from stepgraph.render.traversal import TRAVERSED, Traversal
from stepgraph.render.view import Mark

_PILLS: Final = 26
_WITHOUT_PILLS: Final = 22
_HEAVIER: Final = 3
_BETWEEN_PILLS: Final = 14
_PILL_SIDES: Final = 9
_PILL_PADDING: Final = 3
_SIGN: Final = -5
_SIGN_ROOM: Final = 14
_JOIN: Final = 20
_TAIL: Final = 14


class BranchColumn(Struct, frozen=True):
    """A condition in a pill, and the body below it.

    The fields from `pill_width` on are computed from the others.
    """

    condition: Label | None
    """The condition, or None for a branch without a pill: the band shows the condition, or all others are false."""

    body: Figure | None
    """The body, or None for a branch without steps."""

    title: str = ""
    """The full text of the condition."""

    implied: bool = False
    """Whether the source lacks this branch: the path on which all conditions are false."""

    mark: Mark | None = None
    identity: str = ""
    """The identity of the pill, or an empty string for a pill without a mark."""

    traversal: Traversal = TRAVERSED
    """The traversal of the branch by the drawn instance."""

    pill_room: Length = 0
    """The height above the line to the body: of the highest pill of all branches or, in a lower row, of the upper row.
    """

    pill_width: int = 0
    pill_height: int = 0
    left_extent: Length = 0
    right_extent: Length = 0

    def __post_init__(self) -> None:
        left, right = self._sign_room, 0
        if (label := self._label) is not None:
            effect_width, effect_height = self._effect
            width = max(label.width, effect_width) + 2 * _PILL_SIDES
            width += width % 2
            left, right = width // 2 + self._sign_room, width // 2
            force_setattr(self, "pill_width", width)
            force_setattr(self, "pill_height", label.height + effect_height + 2 * _PILL_PADDING)
        force_setattr(self, "left_extent", longest([left, self.body.left_extent]) if self.body else left)
        force_setattr(self, "right_extent", longest([right, self.body.right_extent]) if self.body else right)

    @property
    def height(self) -> Length:
        return self.pill_height if self.body is None else self._body_top + self.body.height

    @property
    def continues(self) -> bool:
        return self.body is None or self.body.continues

    @property
    def exits(self) -> EarlyExits:
        return self.body.exits.lowered(self._body_top) if self.body else NO_EXITS

    @property
    def _effect(self) -> tuple[int, int]:
        """The width and the height of the effect of a marked branch above its condition."""
        if self.mark is None or not self.mark.effect:
            return 0, 0
        # Imported here for a fast start, because most drawings have no marks.
        from stepgraph.render.svg.figures.marks import EFFECT_HEIGHT, effect_width

        return effect_width(self.mark.effect), EFFECT_HEIGHT + _PILL_PADDING

    @property
    def _sign_room(self) -> int:
        return 0 if self.mark is None or self.mark.quiet else _SIGN_ROOM

    @property
    def _label(self) -> Label | None:
        if self.condition is None or self.mark is None or not self.mark.remark:
            return self.condition
        return add_remark(self.condition, self.mark.remark)

    @property
    def _body_top(self) -> Length:
        return self.pill_room + GAP

    def draw(self, pen: Pen, lanes: Lanes) -> None:
        if self._label is not None:
            self._draw_pill(pen, self._label)
        if self.body:
            if self.pill_height < value_of(self.pill_room):
                pen.path("line", f"M0 {self.pill_height}V{self.pill_room}")
            pen.open_at(0, self._body_top)
            self.body.draw(pen, lanes)
            pen.close()

    def _draw_pill(self, pen: Pen, label: Label) -> None:
        width, height = self.pill_width, self.pill_height
        css = "condition implied" if self.implied else "condition"
        pen.open(css if self.mark is None else f"{css} {self.mark.kind.value}", self.identity, self.title)
        pen.box("box", (-width // 2, 0), (width, height), 10)
        label.draw(pen, _PILL_SIDES - width // 2, _PILL_PADDING + self._effect[1], "")
        if self.mark is not None:
            self._draw_mark(pen, self.mark)
        pen.close()

    def _draw_mark(self, pen: Pen, mark: Mark) -> None:
        from stepgraph.render.svg.figures.marks import draw_effect, draw_sign

        left = -self.pill_width // 2
        if mark.effect:
            draw_effect(pen, mark.effect, _PILL_SIDES + left, _PILL_PADDING + 1)
        if self._sign_room:
            draw_sign(pen, mark.kind, _SIGN + left, self.pill_height // 2)


class Branches(Struct, frozen=True):
    """Branches side by side, from the fork to the join.

    A branch that is much higher than all others, or the only one that continues, is on the spine. Otherwise, the
    branches are centered.
    """

    branches: Sequence[BranchColumn]
    compact: bool = False
    """Whether columns are in two rows at a smaller width."""

    columns: ColumnLayout = UNPLACED
    """The layout of the columns, computed from the branches."""

    tops: Sequence[Length] = ()
    """The top of each branch, computed from the branches. Branches that are too wide for one row are in two rows."""

    ends: Length = 0
    """The height at which the branches have joined, computed from the branches."""

    def __post_init__(self) -> None:
        room = max(branch.pill_height for branch in self.branches)
        force_setattr(self, "branches", [replace(branch, pill_room=room) for branch in self.branches])
        going_on = [index for index, branch in enumerate(self.branches) if branch.continues]
        anchor = _heaviest(self.branches, going_on)
        force_setattr(self, "tops", [self._fork for _ in self.branches])
        force_setattr(self, "columns", place_columns(self._columns(), anchor))
        if is_too_wide(self.columns, compact=self.compact):
            layout = stagger(self._columns(), anchor)
            self._place_rows([layout.is_lower(index) for index in range(len(self.branches))])
            force_setattr(self, "columns", replace(layout.columns, columns=self._columns()))
        bottom = longest([branch.height + top for branch, top in zip(self.branches, self.tops, strict=True)])
        meets = any(self.columns.spines[index] for index in going_on)
        force_setattr(self, "ends", bottom + _JOIN if meets else bottom)

    def _place_rows(self, lower: Sequence[bool]) -> None:
        """Place bodies in two rows. The pills of the lower row are above those of the upper one, near the fork."""
        rows = list(zip(self.branches, lower, strict=True))
        pills = max(branch.pill_height for branch, is_lower in rows if is_lower)
        upper_top = self._fork + (pills + _BETWEEN_PILLS if pills else 0)
        room = longest([branch.height for branch, is_lower in rows if not is_lower]) + (upper_top - self._fork)
        force_setattr(self, "tops", [self._fork if is_lower else upper_top for _, is_lower in rows])
        branches = [replace(branch, pill_room=room) if is_lower else branch for branch, is_lower in rows]
        force_setattr(self, "branches", branches)

    def _columns(self) -> list[Column]:
        return [
            Column(branch.left_extent, branch.right_extent, branch.exits.lowered(top), branch.body is None)
            for branch, top in zip(self.branches, self.tops, strict=True)
        ]

    @property
    def _fork(self) -> int:
        """The height of the lines to all branches."""
        return _PILLS if any(branch.pill_height for branch in self.branches) else _WITHOUT_PILLS

    @property
    def left_extent(self) -> Length:
        return self.columns.left_extent

    @property
    def right_extent(self) -> Length:
        return self.columns.right_extent

    @property
    def height(self) -> Length:
        return self.ends + self.columns.room_below + _TAIL

    @property
    def continues(self) -> bool:
        return any(branch.continues for branch in self.branches)

    @property
    def traversal(self) -> Traversal:
        return Traversal(exited=any(branch.traversal.exited for branch in self.branches))

    @property
    def exits(self) -> EarlyExits:
        return self.columns.exits(self.ends)

    def draw(self, pen: Pen, lanes: Lanes) -> None:
        placed = list(zip(self.branches, self.columns.spines, self.tops, strict=True))
        begins = (((spine, top), not branch.traversal.entered) for branch, spine, top in placed)
        for faded, same in faded_first(begins):
            pen.path("line", fanned_out(same), faded=faded)
        for index, (branch, spine, top) in enumerate(placed):
            pen.open_at(spine, top, faded=not branch.traversal.entered)
            branch.draw(pen, self.columns.lanes(index, lanes))
            pen.close()
        continuing = (each for each in placed if each[0].continues)
        ends = (((spine, branch.height + top), not branch.traversal.exited) for branch, spine, top in continuing)
        for faded, same in faded_first(ends):
            pen.path("line", gathered(same, self.ends, self.height), faded=faded)
        self.columns.draw_exits(pen, lanes, self.ends)


def _heaviest(branches: Sequence[BranchColumn], continuing: Sequence[int]) -> int | None:
    """Return the index of the branch that belongs on the spine, or None if no branch stands out."""
    if not continuing:
        return None
    first, *lighter = sorted(continuing, key=lambda index: -value_of(branches[index].height))
    if not lighter:
        return first
    second = value_of(branches[lighter[0]].height)
    return first if value_of(branches[first].height) >= _HEAVIER * second else None
