"""The lines of a text, and the positions of the protocol in them.

Lines end where Python and the protocol end them: at a line feed, a carriage return, or both. The columns of the
protocol count units of the encoding that the client has chosen; those of spans count characters from 1.
"""

from __future__ import annotations

import re
from array import array
from collections.abc import Sequence
from typing import Final, TypeAlias

from lsprotocol.types import Position, PositionEncodingKind, Range
from msgspec import Struct

from stepgraph.model.span import Span

LineColumn: TypeAlias = tuple[int, int]
"""A line and a column as in a `Span`: both count from 1, and columns count characters."""

_LINE_BREAK: Final = re.compile(r"\r\n|\r|\n")
_CODECS: Final = {
    PositionEncodingKind.Utf8: ("utf-8", "surrogatepass"),
    PositionEncodingKind.Utf16: ("utf-16-le", "surrogatepass"),
}
"""The codec of each encoding and its treatment of lone surrogates, which JSON can express."""
_UNIT_BYTES: Final = {PositionEncodingKind.Utf8: 1, PositionEncodingKind.Utf16: 2}
_UTF_8_CONTINUATION: Final = bytes(range(0x80, 0xC0))
"""The bytes in UTF-8 that are not the first one of a character."""


class TextLines(Struct, frozen=True):
    """The lines of a text, without line breaks."""

    lines: Sequence[str]
    starts: array[int]
    """The offset of the start of each line in the text, in characters."""
    encoding: PositionEncodingKind

    @classmethod
    def of(cls, text: str, encoding: PositionEncodingKind) -> TextLines:
        """Return the lines of a text. A text that ends with a line break has an empty last line."""
        starts = array("Q", [0])
        starts.extend(line_break.end() for line_break in _LINE_BREAK.finditer(text))
        return cls(_LINE_BREAK.split(text), starts, encoding)

    def position(self, line: int, column: int) -> Position:
        """Return the position of a line and column of a span. After the end of a line or text, it is that end."""
        if line > len(self.lines):
            return Position(len(self.lines) - 1, self._units(self.lines[-1]))
        return Position(line - 1, self._units(self.lines[line - 1][: column - 1]))

    def range(self, span: Span) -> Range:
        """Return the range of a span."""
        return Range(self.position(span.line, span.column), self.position(span.end_line, span.end_column))

    def line_column(self, position: Position) -> LineColumn:
        """Return the line and column of a position. A position after the end of a line or text counts as that end."""
        if position.line >= len(self.lines):
            return len(self.lines), len(self.lines[-1]) + 1
        return position.line + 1, self._characters(self.lines[position.line], position.character) + 1

    def offset(self, position: Position) -> int:
        """Return the offset of a position in the text, in characters."""
        line, column = self.line_column(position)
        return self.starts[line - 1] + column - 1

    def _units(self, text: str) -> int:
        """Return the length of a text in units of the encoding."""
        if text.isascii() or self.encoding is PositionEncodingKind.Utf32:
            return len(text)
        return len(text.encode(*_CODECS[self.encoding])) // _UNIT_BYTES[self.encoding]

    def _characters(self, line: str, units: int) -> int:
        """Return the number of characters in the first units of a line. The last character may be incomplete."""
        return count_characters(line, units, self.encoding)


class EditedText:
    """A text that changes by edits of ranges, each of which takes time for the edited lines only."""

    def __init__(self, text: str, encoding: PositionEncodingKind) -> None:
        """Start with a text, whose positions count units of an encoding."""
        self.encoding = encoding
        self._lines = _lines_with_breaks(text)

    @property
    def text(self) -> str:
        """The current text."""
        return "".join(self._lines)

    def replace(self, start: Position, end: Position, text: str) -> None:
        """Replace the text between two positions. A position after the end of a line or the text counts as that end."""
        first, start_column = self._place(start)
        last, end_column = max((first, start_column), self._place(end))
        new = self._lines[first][:start_column] + text + self._lines[last][end_column:]
        if first and new.startswith("\n") and self._lines[first - 1].endswith("\r"):
            first -= 1
            new = self._lines[first] + new
        lines = _lines_with_breaks(new)
        if last < len(self._lines) - 1:
            lines.pop()  # the rest of the last line ends with a line break, which the next line follows
        self._lines[first : last + 1] = lines

    def _place(self, position: Position) -> tuple[int, int]:
        """Return the index of the line at a position, and the number of characters before it in this line."""
        if position.line >= len(self._lines):
            return len(self._lines) - 1, len(self._lines[-1])
        line = self._lines[position.line].rstrip("\r\n")
        return position.line, count_characters(line, position.character, self.encoding)


def _lines_with_breaks(text: str) -> list[str]:
    """Return the lines of a text with their line breaks, except for the last line, which has none."""
    lines: list[str] = []
    start = 0
    for line_break in _LINE_BREAK.finditer(text):
        lines.append(text[start : line_break.end()])
        start = line_break.end()
    lines.append(text[start:])
    return lines


def count_characters(line: str, units: int, encoding: PositionEncodingKind) -> int:
    """Return the number of characters in the first units of a line. A part of a character counts as the character."""
    if encoding is PositionEncodingKind.Utf32 or line.isascii():
        return min(units, len(line))
    content = line.encode(*_CODECS[encoding])[: units * _UNIT_BYTES[encoding]]
    if encoding is PositionEncodingKind.Utf8:
        return len(content.translate(None, _UTF_8_CONTINUATION))
    return len(content.decode(*_CODECS[encoding]))


class LineShift(Struct, frozen=True):
    """The lines of a text that another text has, too: those before and after all differences."""

    before: int
    """The number of equal lines at the start."""
    old_end: int
    """The index of the first equal line at the end of the old text."""
    offset: int
    """The number of lines that these lines have moved down."""

    @classmethod
    def between(cls, old: Sequence[str], new: Sequence[str]) -> LineShift:
        """Return the equal lines of two texts."""
        shorter = min(len(old), len(new))
        before = next((index for index in range(shorter) if old[index] != new[index]), shorter)
        limit = shorter - before
        after = next((index for index in range(limit) if old[-1 - index] != new[-1 - index]), limit)
        return cls(before, len(old) - after, len(new) - len(old))

    def line(self, old: int) -> int | None:
        """Return the number of a line in the new text, or None if it differs. Lines count from 1."""
        if old <= self.before:
            return old
        return old + self.offset if old > self.old_end else None

    def nearest_line(self, old: int) -> int:
        """Return the number of a line in the new text or, if it differs, of a line among those that differ.

        Lines keep their order.
        """
        line = self.line(old)
        return min(old, max(self.before + 1, self.old_end + self.offset)) if line is None else line

    def old_line(self, new: int) -> int | None:
        """Return the number of a line in the old text, or None if it differs. Lines count from 1."""
        if new <= self.before:
            return new
        return new - self.offset if new > self.old_end + self.offset else None
