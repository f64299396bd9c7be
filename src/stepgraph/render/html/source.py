"""Source code in pages: excerpts around locations, and a table of the lines of nodes, with links to their files."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Final

from msgspec import Struct, field

from stepgraph.escaping.markup import markup_text
from stepgraph.escaping.plain_text import visible
from stepgraph.limits import PAGE_SOURCE_CHARACTERS
from stepgraph.model.span import Code, Span
from stepgraph.phrases import shortened

MAX_LINES: Final = 15
"""The maximum number of lines that the page shows of a node."""

_MAX_LINE_LENGTH: Final = 200
_TAB: Final = 4

_CONTEXT_LINES: Final = 2
"""The number of lines before and after the location."""


class _File(Struct):
    """The shown lines of a file."""

    index: int
    content: Sequence[str]
    """All lines of the file."""
    link: Sequence[str]
    """The parts of a URL between its line numbers."""
    lines: dict[int, str] = field(default_factory=dict)
    """The shown lines, by number."""


class SourceTable(Struct):
    """Collects the lines of the nodes of a page. Lines that exceed the limit of a page are left out."""

    link_of: Callable[[Code], Sequence[str]] | None = None
    """Returns the parts of the URL of a file between its line numbers."""
    _files: dict[str, _File] = field(default_factory=dict)
    _characters: int = 0

    def add(self, code: Code | None) -> list[int]:
        """Return the code of a node for the script.

        The result is the index of the file, the line of the node, the first line, the number of shown lines from there,
        and the number of further lines.
        """
        if code is None:
            return []
        file, shown = self._file(code), 0
        for number in range(code.first, min(code.last, code.first + MAX_LINES - 1, len(file.content)) + 1):
            if number not in file.lines:
                if self._characters > PAGE_SOURCE_CHARACTERS:
                    break
                file.lines[number] = _shown(file.content[number - 1])
                self._characters += len(file.lines[number])
            shown += 1
        return [file.index, code.line, code.first, shown, code.last - code.first + 1 - shown]

    def data(self) -> list[dict[str, object]]:
        """Return the files for the script: their links, and their lines as runs of consecutive lines."""
        return [{"link": file.link, "runs": _runs(file.lines)} for file in self._files.values()]

    def url(self, span: Span) -> str:
        """Return the URL of a location in a file of a node, or an empty string without a link to the file."""
        file = self._files.get(span.path)
        return "" if file is None else str(span.line).join(file.link)

    def _file(self, code: Code) -> _File:
        if code.path not in self._files:
            link = () if self.link_of is None else self.link_of(code)
            self._files[code.path] = _File(len(self._files), code.lines, link)
        return self._files[code.path]


def _shown(line: str) -> str:
    return shortened(visible(line.expandtabs(_TAB)), _MAX_LINE_LENGTH)


def _runs(lines: dict[int, str]) -> list[tuple[int, list[str]]]:
    """Return lines as runs: the number of the first line, and the consecutive lines from there."""
    runs: list[tuple[int, list[str]]] = []
    for number in sorted(lines):
        if not runs or number != runs[-1][0] + len(runs[-1][1]):
            runs.append((number, []))
        runs[-1][1].append(lines[number])
    return runs


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
    """Return the lines around a location, or None if the file is shorter."""
    if not 1 <= span.line <= len(lines):
        return None
    first = max(1, span.line - _CONTEXT_LINES)
    return FileExcerpt(first, lines[first - 1 : span.line + _CONTEXT_LINES], span)


def _marked(line: str, indent: int, span: Span) -> str:
    start = max(indent, min(span.column - 1, len(line)))
    end = span.end_column - 1 if span.end_line == span.line else len(line)
    end = max(start, min(end, len(line)))
    inside = _text(line[start:end])
    mark = f"<mark>{inside}</mark>" if inside else '<mark class="point"></mark>'
    return f"{_text(line[indent:start])}{mark}{_text(line[end:])}"


def _text(text: str) -> str:
    shown = text if len(text) <= _MAX_LINE_LENGTH else f"{text[: _MAX_LINE_LENGTH - 1]}…"
    # A tab counts as one column, so it is not expanded.
    return markup_text(shown.replace("\t", " "))


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())
