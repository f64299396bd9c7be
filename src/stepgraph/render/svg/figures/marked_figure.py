"""A marked figure: a sign at its corner, or a tab above it with a remark."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from stepgraph.render.svg import icons
from stepgraph.render.svg.figures.figure import EarlyExits, Figure, Lanes
from stepgraph.render.svg.figures.label import WIDEST_DETAIL, Label, plain_label
from stepgraph.render.svg.figures.leaf import ExitPill
from stepgraph.render.svg.figures.stack import ExitJoin
from stepgraph.render.svg.lengths import Length
from stepgraph.render.svg.pen import Pen
from stepgraph.render.view import Mark, MarkKind

ICONS: Final = {
    MarkKind.ADDED: icons.ADDED,
    MarkKind.REMOVED: icons.REMOVED,
    MarkKind.CHANGED: icons.CHANGED,
}
SIGN: Final = 9
"""The radius in pixels of a sign."""

_SIDE_PADDING: Final = 10
_ABOVE: Final = 4
_BELOW: Final = 6
_TAB_OVERLAP: Final = 10
_PADDING_AROUND_TEXT: Final = 3 * _SIDE_PADDING + SIGN
_MIN_TAB_WIDTH: Final = 190
_ICON: Final = 16


@dataclass(frozen=True, slots=True)
class MarkedFigure:
    """A figure with its mark.

    The tab begins at the left side of the figure, and is at least as wide as its text.
    """

    figure: Figure
    mark: Mark
    label: Label | None = field(init=False)
    """The text of the tab; None without a tab. Pills are too small for tabs."""

    def __post_init__(self) -> None:
        # A pill is too small for a tab.
        if not self.mark.remark or isinstance(self.figure, ExitPill):
            object.__setattr__(self, "label", None)
            return
        room = max(2 * self.figure.left_extent, _MIN_TAB_WIDTH) - _PADDING_AROUND_TEXT
        object.__setattr__(self, "label", plain_label(self.mark.remark, min(room, WIDEST_DETAIL)))

    @property
    def left_extent(self) -> int:
        at_corner = self.label is None and not self.mark.quiet
        return self.figure.left_extent + (SIGN if at_corner else 0)

    @property
    def right_extent(self) -> int:
        return max(self.figure.right_extent, self._tab - self.figure.left_extent)

    @property
    def height(self) -> Length:
        return self.figure.height + self._above

    @property
    def goes_on(self) -> bool:
        return self.figure.goes_on

    @property
    def exits(self) -> EarlyExits:
        return self.figure.exits.lowered(self._above)

    @property
    def _tab(self) -> int:
        if self.label is None:
            return 0
        return max(
            self.label.width + _PADDING_AROUND_TEXT,
            self.figure.left_extent + min(self.figure.left_extent, self.figure.right_extent),
        )

    @property
    def _above(self) -> int:
        return 0 if self.label is None else self.label.height + _ABOVE + _BELOW

    def draw(self, pen: Pen, lanes: Lanes) -> None:
        pen.open(f"mark {self.mark.kind.value}", "", self.mark.words)
        edge = -self.figure.left_extent
        if self.label is not None:
            pen.box("tab", (edge, 0), (self._tab, self._above + _TAB_OVERLAP))
            self.label.draw(pen, edge + 2 * _SIDE_PADDING + SIGN, _ABOVE, "")
        pen.open_at(0, self._above)
        self.figure.draw(pen, lanes)
        pen.close()
        if not self.mark.quiet:
            corner = (edge, 0)
            on_tab = (edge + _SIDE_PADDING + SIGN // 2, self._above // 2)
            draw_sign(pen, self.mark.kind, *(corner if self.label is None else on_tab))
        pen.close()


def is_marked(figure: Figure) -> bool:
    """Return whether a figure already has a mark, as an expanded function has."""
    while isinstance(figure, ExitJoin):
        figure = figure.figure
    return isinstance(figure, MarkedFigure)


def draw_sign(pen: Pen, kind: MarkKind, x: int, y: int) -> None:
    """Draw the sign of a mark centered at a point."""
    pen.lines.append(f'<circle class="sign" cx="{x}" cy="{y}" r="{SIGN}"/>')
    pen.icon("", x - _ICON // 2, y - _ICON // 2, ICONS[kind])
