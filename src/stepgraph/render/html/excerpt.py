"""Lines of source code around a location, with the code at the location marked."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from msgspec import Struct

from stepgraph.escaping.markup import markup_text
from stepgraph.model.span import Span
from stepgraph.render.html.source import MAX_LINE_LENGTH

CONTEXT_LINES: Final = 2
"""The number of lines before and after the location."""


class FileExcerpt(Struct, frozen=True):
    """Lines of a file."""

    first: int
    """The number of the first line, from 1."""
    lines: Sequence[str]
    span: Span
    """The location to mark, of which only the first line is marked."""

    def html(self) -> Iterator[str]:
        """Yield the lines of the element."""
        # A line break in the element would be shown, so it is a single line.
        code = "".join(self._numbered_lines())
        yield f'<pre class="source" tabindex="0" role="group" aria-label="Source code"><code>{code}</code></pre>'

    def _numbered_lines(self) -> Iterator[str]:
        indent = min((_indent(line) for line in self.lines if line.strip()), default=0)
        for number, line in enumerate(self.lines, self.first):
            is_marked = number == self.span.line
            css = "numbered is-marked" if is_marked else "numbered"
            text = _marked(line, indent, self.span) if is_marked else _text(line[indent:])
            yield f'<span class="{css}" data-number="{number}">{text}\n</span>'


def excerpt_at(lines: Sequence[str], span: Span) -> FileExcerpt | None:
    """Return the lines around a location, or None if the file has no such line."""
    if not 1 <= span.line <= len(lines):
        return None
    first = max(1, span.line - CONTEXT_LINES)
    return FileExcerpt(first, lines[first - 1 : span.line + CONTEXT_LINES], span)


def _marked(line: str, indent: int, span: Span) -> str:
    start = max(indent, min(span.column - 1, len(line)))
    end = span.end_column - 1 if span.end_line == span.line else len(line)
    end = max(start, min(end, len(line)))
    inside = _text(line[start:end])
    mark = f"<mark>{inside}</mark>" if inside else '<mark class="point"></mark>'
    return f"{_text(line[indent:start])}{mark}{_text(line[end:])}"


def _text(text: str) -> str:
    shown = text if len(text) <= MAX_LINE_LENGTH else f"{text[: MAX_LINE_LENGTH - 1]}…"
    # A tab counts as one column, so it is not expanded.
    return markup_text(shown.replace("\t", " "))


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())
