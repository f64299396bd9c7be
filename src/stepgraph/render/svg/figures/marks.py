"""The figures of a comparison: a figure with a mark (a sign at its corner, or a tab above it) and lists of changes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from msgspec import Struct
from msgspec.structs import force_setattr

from stepgraph.escaping.plain_text import visible
from stepgraph.render.svg.figures.figure import EarlyExits, Figure, Lanes
from stepgraph.render.svg.figures.label import NORMAL, Label, TextLine, plain_label
from stepgraph.render.svg.figures.leaf import ExitPill
from stepgraph.render.svg.figures.stack import ExitJoin
from stepgraph.render.svg.fonts import DETAIL, EFFECT, HEADING
from stepgraph.render.svg.lengths import Length, longest, shortest, value_of
from stepgraph.render.svg.pen import Icon, Pen, TextPiece
from stepgraph.render.traversal import Traversal
from stepgraph.render.view import EffectLabel, Mark, MarkKind

ICONS: Final = {
    MarkKind.ADDED: Icon.ADDED,
    MarkKind.REMOVED: Icon.REMOVED,
    MarkKind.CHANGED: Icon.CHANGED,
}
SIGN: Final = 9
"""The radius in pixels of a sign."""

EFFECT_HEIGHT: Final = 16
"""The height in pixels of the pill of an effect."""

MAX_WIDTH: Final = 560
MAX_ENTRIES: Final = 24
"""The maximum number of entries. The picture itself shows the others."""

_SIDE_PADDING: Final = 10
_ABOVE: Final = 4
_BELOW: Final = 6
_TAB_OVERLAP: Final = 10
_PADDING_AROUND_TEXT: Final = 3 * _SIDE_PADDING + SIGN
_EFFECT_SIDES: Final = 7
_BELOW_EFFECT: Final = 3
_BESIDE_EFFECT: Final = 4
_MIN_TAB_WIDTH: Final = 190
_ICON: Final = 16


class MarkedFigure(Struct, frozen=True):
    """A figure with its mark.

    The tab shows the effect and the remark. It begins at the left side of the figure, and is at least as wide as its
    text. The pill of an exit is too small for a tab. The effect is to the left of the pill, and the remark is only in
    its title.
    """

    figure: Figure
    mark: Mark
    label: Label | None = None
    """The remark on the tab, or None without one."""

    def __post_init__(self) -> None:
        if not self.mark.remark or self._is_exit:
            return
        room = max(2 * value_of(self.figure.left_extent), _MIN_TAB_WIDTH) - _PADDING_AROUND_TEXT
        force_setattr(self, "label", plain_label(self.mark.remark, min(room, NORMAL.name)))

    @property
    def left_extent(self) -> Length:
        at_corner = not self._above and not self.mark.quiet
        return self.figure.left_extent + ((SIGN if at_corner else 0) + self._effect_margin)

    @property
    def right_extent(self) -> Length:
        return longest([self.figure.right_extent, self._tab - self.figure.left_extent])

    @property
    def height(self) -> Length:
        return self.figure.height + self._above

    @property
    def continues(self) -> bool:
        return self.figure.continues

    @property
    def traversal(self) -> Traversal:
        return self.figure.traversal

    @property
    def exits(self) -> EarlyExits:
        return self.figure.exits.lowered(self._above)

    @property
    def _tab(self) -> Length:
        if not self._above:
            return 0
        text = max(0 if self.label is None else self.label.width, effect_width(self.mark.effect))
        left, right = self.figure.left_extent, self.figure.right_extent
        return longest([text + _PADDING_AROUND_TEXT, left + shortest([left, right])])

    @property
    def _above(self) -> int:
        rows = self._effect_row + (0 if self.label is None else self.label.height)
        return rows + _ABOVE + _BELOW if rows else 0

    @property
    def _is_exit(self) -> bool:
        return isinstance(self.figure, ExitPill)

    @property
    def _effect_margin(self) -> int:
        """The width to the left of an exit and its sign."""
        return effect_width(self.mark.effect) + _BESIDE_EFFECT if self.mark.effect and self._is_exit else 0

    @property
    def _effect_row(self) -> int:
        if not self.mark.effect or self._is_exit:
            return 0
        return EFFECT_HEIGHT + (0 if self.label is None else _BELOW_EFFECT)

    def draw(self, pen: Pen, lanes: Lanes) -> None:
        pen.open(f"mark {self.mark.kind.value}", "", self.mark.words)
        edge = -self.figure.left_extent
        text = edge + (2 * _SIDE_PADDING + SIGN)
        if self._above:
            pen.box("tab", (edge, 0), (self._tab, self._above + _TAB_OVERLAP))
        if self._effect_row:
            draw_effect(pen, self.mark.effect, text, _ABOVE)
        elif self.mark.effect:
            draw_effect(pen, self.mark.effect, -self.left_extent, (value_of(self.height) - EFFECT_HEIGHT) // 2)
        if self.label is not None:
            self.label.draw(pen, text, _ABOVE + self._effect_row, "")
        pen.open_at(0, self._above)
        self.figure.draw(pen, lanes)
        pen.close()
        if not self.mark.quiet:
            if self._above:
                draw_sign(pen, self.mark.kind, edge + (_SIDE_PADDING + SIGN // 2), self._above // 2)
            else:
                draw_sign(pen, self.mark.kind, edge, 0)
        pen.close()


def is_marked(figure: Figure) -> bool:
    """Return whether a figure already has a mark, as an expanded function has."""
    while isinstance(figure, ExitJoin):
        figure = figure.figure
    return isinstance(figure, MarkedFigure)


def draw_sign(pen: Pen, kind: MarkKind, x: Length, y: int) -> None:
    """Draw the sign of a mark centered at a point."""
    pen.lines.append(f'<circle class="sign" cx="{x}" cy="{y}" r="{SIGN}"/>')
    pen.icon("", x - _ICON // 2, y - _ICON // 2, ICONS[kind])


def effect_width(effect: EffectLabel) -> int:
    """Return the width of the pill of an effect, or 0 without one."""
    return EFFECT.width(effect) + 2 * _EFFECT_SIDES if effect else 0


def draw_effect(pen: Pen, effect: EffectLabel, x: Length, y: int) -> None:
    """Draw the pill of an effect with its upper left corner at a point."""
    size = (effect_width(effect), EFFECT_HEIGHT)
    pen.box(effect.replace(" ", "-"), (x, y), size, EFFECT_HEIGHT // 2)
    line = TextLine("effect", EFFECT, effect, 0, EFFECT_HEIGHT - _DESCENT)
    Label("", (line,), EFFECT.width(effect), EFFECT_HEIGHT).draw(pen, x + _EFFECT_SIDES, y, "")


_MAX_LINES: Final = 3
_TEXT: Final = 2 * SIGN + 8
_BETWEEN: Final = 7
_BELOW_HEADING: Final = 8
_DESCENT: Final = 4


class ListingEntry(Struct, frozen=True):
    """A change with its sign."""

    kind: MarkKind
    text: str
    more: str = ""
    """A second text below, in the class `css`. It may be empty."""

    css: str = "detail"


class Listing(Struct, frozen=True):
    """A heading, remarks, and entries, to the right of its spine."""

    heading: str
    remarks: Sequence[str]
    entries: Sequence[ListingEntry]
    lines: Sequence[Sequence[tuple[str, str]]] = ()
    """The lines of each entry, as pairs of a class and a text, computed from the entries."""

    def __post_init__(self) -> None:
        force_setattr(self, "lines", [list(_lines(entry)) for entry in self.entries[:MAX_ENTRIES]])

    @property
    def left_extent(self) -> int:
        return 0

    @property
    def right_extent(self) -> int:
        texts = [_TEXT + DETAIL.width(text) for lines in self.lines for _, text in lines]
        return max(
            [HEADING.width(self.heading), *map(DETAIL.width, self._remarks), DETAIL.width(self._omission), *texts]
        )

    @property
    def height(self) -> int:
        heights = [len(lines) * DETAIL.line_height + _BETWEEN for lines in self.lines]
        more = DETAIL.line_height if self._omission else 0
        return self._top + sum(heights) + more

    @property
    def _remarks(self) -> list[str]:
        return [line for text in self.remarks for line in DETAIL.wrap(visible(text), MAX_WIDTH, 2)]

    @property
    def _top(self) -> int:
        return HEADING.line_height + len(self._remarks) * DETAIL.line_height + _BELOW_HEADING

    @property
    def _omission(self) -> str:
        """The number of omitted entries in words, or an empty string for none."""
        count = len(self.entries) - len(self.lines)
        return f"and {count} more" if count else ""

    def draw(self, pen: Pen, lanes: Lanes) -> None:
        first = HEADING.line_height - _DESCENT
        remarks = (("detail", 0, first + n * DETAIL.line_height, text) for n, text in enumerate(self._remarks, 1))
        pen.text([("heading", 0, first, self.heading), *remarks])
        y = self._top
        for entry, lines in zip(self.entries, self.lines, strict=False):
            pen.open(f"mark {entry.kind.value}", "", f"{entry.kind.value}: {entry.text}")
            draw_sign(pen, entry.kind, SIGN, y + DETAIL.line_height // 2)
            pieces: list[TextPiece] = []
            for css, text in lines:
                y += DETAIL.line_height
                pieces.append((css, _TEXT, y - _DESCENT, text))
            pen.text(pieces)
            pen.close()
            y += _BETWEEN
        if self._omission:
            pen.text([("detail", _TEXT, y + DETAIL.line_height - _DESCENT, self._omission)])


def _lines(entry: ListingEntry) -> Iterable[tuple[str, str]]:
    """Yield the class and the text of each line of an entry."""
    for css, text in (("change", entry.text), (entry.css, entry.more)):
        if text:
            yield from ((css, line) for line in DETAIL.wrap(visible(text), MAX_WIDTH, _MAX_LINES))
