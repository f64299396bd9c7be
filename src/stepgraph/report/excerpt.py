"""x."""

from __future__ import annotations

import re
from bisect import bisect_left
from functools import lru_cache
from typing import Final

from msgspec import Struct

from stepgraph.escaping.visible import visible
from stepgraph.model.span import Span
from stepgraph.render.cells import cell_width, clip
from stepgraph.render.ruler import ELLIPSIS
from stepgraph.report.report import SourceFile

# A letter with all the marks that any script puts on it.
_MOST_LETTERS_A_CELL: Final = 8


def end_of(text: str, width: int) -> str:
    """Return `text` if it fits into `width` cells, else its end behind an ellipsis."""
    if cell_width(text) <= width:
        return text
    starts = range(max(0, len(text) - _MOST_LETTERS_A_CELL * width), len(text) + 1)
    first = bisect_left(starts, True, key=lambda start: cell_width(text[start:]) < width)  # noqa: FBT003 - what is sought
    return ELLIPSIS + text[starts[first] :]


WIDEST: Final = 200
"""No excerpt is wider, however wide the terminal is."""

_TAB: Final = "    "
# A place in a configuration has no extent: the text that begins there is meant.
_TEXT: Final = re.compile(r"\"(?:[^\"\\]|\\.)*\"|'[^']*'")
# More characters of a line than any excerpt shows: the rest of a very long line is not looked at.
_FAR: Final = 4 * WIDEST


class Excerpt(Struct, frozen=True):
    """A line by its number, in three parts of which the middle one is marked.

    Nothing in it steers a terminal. Of what spans several lines it is the first, marked to its end.
    """

    number: int
    before: str
    marked: str
    after: str

    @property
    def text(self) -> str:
        """The line as it is shown."""
        return self.before + self.marked + self.after

    @property
    def carets(self) -> str:
        """What stands below the line, under the marked part; one caret where that is empty."""
        return " " * cell_width(self.before) + "^" * max(1, cell_width(self.marked))


def excerpt_of(file: SourceFile, span: Span, width: int) -> Excerpt | None:
    """Return the line at which a span begins, cut to `width` cells around it; None if it is not there or blank."""
    if not 1 <= span.line <= len(file.lines):
        return None
    line = _stripped(file.lines[span.line - 1])
    if not line:
        return None
    start = min(max(span.column - 1, 0), len(line))
    end = len(line) if span.end_line > span.line else min(max(span.end_column - 1, start), len(line))
    if start == end and (text := _TEXT.match(line, start)) is not None:
        end = text.end()
    before = line[max(0, start - _FAR) : start]
    marked = line[start : min(end, start + _FAR)]
    after = line[end : end + _FAR]
    return Excerpt(span.line, *_cut(_shown(before), _shown(marked), _shown(after), min(width, WIDEST)))


@lru_cache(maxsize=8)
def _stripped(line: str) -> str:
    """Return a line without the space at its end. It may be long, and have many findings."""
    return line.rstrip()


def _shown(text: str) -> str:
    return visible(text.replace("\t", _TAB))


def _cut(before: str, marked: str, after: str, width: int) -> tuple[str, str, str]:
    """Return the parts of a line cut to `width` cells, the marked one least, with ellipses where something is gone."""
    if cell_width(before + marked + after) <= width:
        return before, marked, after
    if cell_width(before + marked) >= width:
        # What is around shares the room, and what is marked leaves some of it for what leads there.
        free = width - cell_width(marked)
        before = end_of(before, max(free // 2, free - cell_width(after), width // 4))
        marked = clip(marked, width - cell_width(before) - (1 if after else 0))
    return before, marked, clip(after, max(0, width - cell_width(before + marked)))
