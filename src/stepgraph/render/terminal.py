"""Lines and tables for a terminal: pieces of text with colors fitted to a width, and aligned columns."""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum
from typing import Literal, TypeAlias

from msgspec import Struct

from stepgraph.escaping.plain_text import log_line, visible, without_commands
from stepgraph.render.text_width import cell_width, clip

_MIN_CLIPPED_WIDTH = 12


class Ink(Enum):
    """The role of a piece of text. The value is its ANSI attributes.

    Only basic colors are used, because every terminal theme makes them legible.
    """

    PLAIN = ""
    QUIET = "2"
    STRONG = "1"
    STEP = "36"
    CHOICE = "33"
    LOOP = "32"
    PARALLEL = "35"
    TRY = "31"
    FAILURE = "1;31"
    WARNING = "1;33"
    NOTE = "1;34"


PieceRole: TypeAlias = Literal["mark", "title", "remark"]
"""The sign at the start of a row, the text of the node, and additions to it, such as clocks and settings."""


class LinePiece(Struct, frozen=True):
    """A part of a line."""

    text: str
    ink: Ink = Ink.PLAIN
    elastic: bool = False
    """Whether it is shortened first if the line is too long."""
    role: PieceRole = "title"
    """The role in a row of an outline."""


class Terminal(Struct, frozen=True):
    """The capabilities of the output."""

    color: bool
    width: int | None
    """The width in cells, or None for no limit."""

    def line(self, pieces: Sequence[LinePiece]) -> str:
        """Return one line, with color codes as the only control sequences, and without CI commands."""
        safe = [LinePiece(visible(piece.text), piece.ink, piece.elastic) for piece in pieces]
        fitting = safe if self.width is None else _fitted(safe, self.width)
        return without_commands("".join(self._with_color(piece) for piece in _without_trailing_space(fitting)))

    def _with_color(self, piece: LinePiece) -> str:
        if not self.color or not piece.ink.value or not piece.text:
            return piece.text
        return f"\x1b[{piece.ink.value}m{piece.text}\x1b[0m"


def _without_trailing_space(pieces: Sequence[LinePiece]) -> list[LinePiece]:
    remaining = list(pieces)
    while remaining:
        last = remaining.pop()
        if text := last.text.rstrip():
            return [*remaining, LinePiece(text, last.ink)]
    return []


def _fitted(pieces: Sequence[LinePiece], width: int) -> list[LinePiece]:
    """Return the pieces cut to `width`: the longest elastic ones first, then the end of the line."""
    rigid = sum(cell_width(piece.text) for piece in pieces if not piece.elastic)
    longest = _max_elastic_width([cell_width(piece.text) for piece in pieces if piece.elastic], width - rigid)
    fitted: list[LinePiece] = []
    room = width
    for piece in pieces:
        text = clip(piece.text, min(longest, room) if piece.elastic else room)
        room -= cell_width(text)
        fitted.append(LinePiece(text, piece.ink))
    return fitted


def _max_elastic_width(widths: Sequence[int], room: int) -> int:
    """Return the maximum length of elastic pieces that fit into `room`, but at least a legible minimum."""
    share = room
    for count, width in zip(range(len(widths), 0, -1), sorted(widths), strict=True):
        share = room // count
        if width > share:
            break
        room -= width
    else:
        share = max(widths, default=0)
    return max(share, _MIN_CLIPPED_WIDTH)


MISSING = "-"
"""The cell for a missing number."""

_GAP = "  "


def table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return the headings and rows as aligned lines. Columns of numbers are right-aligned.

    Control characters and log commands are escaped. All rows must be as long as the headings.
    """
    lines = [headings, *([log_line(cell) for cell in row] for row in rows)]
    columns = [_aligned(column) for column in zip(*lines, strict=True)]
    return "".join(_GAP.join(cells).rstrip() + "\n" for cells in zip(*columns, strict=True))


def _aligned(column: Sequence[str]) -> list[str]:
    width = max(cell_width(cell) for cell in column)
    is_numeric = all(cell.isdecimal() or cell == MISSING for cell in column[1:])
    padded = []
    for cell in column:
        space = " " * (width - cell_width(cell))
        padded.append(space + cell if is_numeric else cell + space)
    return padded
