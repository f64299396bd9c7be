"""Source excerpts: the line of a finding with its marked part."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from msgspec import Struct

from stepgraph.escaping.plain_text import visible
from stepgraph.model.span import Span
from stepgraph.render.text_width import cell_width, clip, clip_start
from stepgraph.report.report import SourceFile

MAX_WIDTH: Final = 200
"""Maximum width of an excerpt in cells."""

_TAB: Final = "    "
# Positions in a configuration have no extent; the string that starts there is marked.
_STRING: Final = re.compile(r"\"(?:[^\"\\]|\\.)*\"|'[^']*'")
# Longer than any excerpt; characters of a long line beyond it are skipped.
_MAX_DISTANCE: Final = 4 * MAX_WIDTH


class Excerpt(Struct, frozen=True):
    """A source line in three parts, without control characters.

    Of several lines, it is the first one, marked up to its end.
    """

    number: int
    """Line number."""
    before: str
    """Text before the marked part."""
    marked: str
    """The marked part."""
    after: str
    """Text after the marked part."""

    @property
    def text(self) -> str:
        """The whole line."""
        return self.before + self.marked + self.after

    @property
    def carets(self) -> str:
        """The line below, with carets under the marked part, at least one."""
        return " " * cell_width(self.before) + "^" * max(1, cell_width(self.marked))


def excerpt_of(file: SourceFile, span: Span, width: int) -> Excerpt | None:
    """Return the first line of a span, clipped to `width` cells; None if the line is missing or blank."""
    if not 1 <= span.line <= len(file.lines):
        return None
    line = _strip(file.lines[span.line - 1])
    if not line:
        return None
    start = min(max(span.column - 1, 0), len(line))
    end = len(line) if span.end_line > span.line else min(max(span.end_column - 1, start), len(line))
    if start == end and (text := _STRING.match(line, start)) is not None:
        end = text.end()
    before = line[max(0, start - _MAX_DISTANCE) : start]
    marked = line[start : min(end, start + _MAX_DISTANCE)]
    after = line[end : end + _MAX_DISTANCE]
    return Excerpt(span.line, *_fit(_visible(before), _visible(marked), _visible(after), min(width, MAX_WIDTH)))


@lru_cache(maxsize=8)
def _strip(line: str) -> str:
    """Return a line without trailing whitespace. The cache serves long lines with many findings."""
    return line.rstrip()


def _visible(text: str) -> str:
    return visible(text.replace("\t", _TAB))


def _fit(before: str, marked: str, after: str, width: int) -> tuple[str, str, str]:
    """Return the parts of a line clipped to `width` cells. The marked part is clipped last."""
    if cell_width(before + marked + after) <= width:
        return before, marked, after
    if cell_width(before + marked) >= width:
        # The context shares the space; the marked part leaves some of it for the text before.
        free = width - cell_width(marked)
        before = clip_start(before, max(free // 2, free - cell_width(after), width // 4))
        marked = clip(marked, width - cell_width(before) - (1 if after else 0))
    return before, marked, clip(after, max(0, width - cell_width(before + marked)))
