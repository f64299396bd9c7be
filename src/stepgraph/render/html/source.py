"""The source code that a page shows: the lines of its nodes, each stored once, and links to their files."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from msgspec import Struct, field

from stepgraph.escaping.plain_text import visible
from stepgraph.limits import PAGE_SOURCE_CHARACTERS
from stepgraph.model.code import Code
from stepgraph.model.span import Span
from stepgraph.phrases import shortened

MAX_LINES: Final = 15
"""The maximum number of lines that the page shows of a node."""

MAX_LINE_LENGTH: Final = 200
_TAB: Final = 4


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
    return shortened(visible(line.expandtabs(_TAB)), MAX_LINE_LENGTH)


def _runs(lines: dict[int, str]) -> list[tuple[int, list[str]]]:
    """Return lines as runs: the number of the first line, and the consecutive lines from there."""
    runs: list[tuple[int, list[str]]] = []
    for number in sorted(lines):
        if not runs or number != runs[-1][0] + len(runs[-1][1]):
            runs.append((number, []))
        runs[-1][1].append(lines[number])
    return runs
