"""A list of changes: a heading, and an entry with a sign for each change."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

from stepgraph.escaping.plain_text import visible
from stepgraph.render.svg.figures.figure import Lanes
from stepgraph.render.svg.figures.marked_figure import SIGN, draw_sign
from stepgraph.render.svg.fonts import DETAIL, HEADING
from stepgraph.render.svg.pen import Pen
from stepgraph.render.view import MarkKind

MAX_WIDTH: Final = 560
MAX_ENTRIES: Final = 24
"""The maximum number of entries; the picture itself shows the others."""

_MAX_LINES: Final = 3
_TEXT: Final = 2 * SIGN + 8
_BETWEEN: Final = 7
_BELOW_HEADING: Final = 8
_DESCENT: Final = 4


@dataclass(frozen=True, slots=True)
class ListingEntry:
    """A change with its sign."""

    kind: MarkKind
    text: str
    more: str = ""
    """A second text below, in the class `css`; may be empty."""

    css: str = "detail"


@dataclass(frozen=True, slots=True)
class Listing:
    """A heading, remarks, and entries, to the right of its spine."""

    heading: str
    remarks: Sequence[str]
    entries: Sequence[ListingEntry]
    lines: Sequence[Sequence[tuple[str, str]]] = field(init=False)
    """The lines of each entry, as pairs of a class and a text; computed from the entries."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "lines", [list(_lines(entry)) for entry in self.entries[:MAX_ENTRIES]])

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
        """The number of omitted entries in words; empty for none."""
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
            pieces: list[tuple[str, int, int, str]] = []
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
