"""Cuts of a source into pieces between statements.

A cut lies between two statements at the top level or in the first block of compound statements: in classes, functions
and loops, and below `with`, `if` and `try`, but not below `else` or `except`.

The cutter only recognizes strings, comments and brackets, so a cut may be wrong. Then the piece before the first wrong
cut ends within a string, bracket or statement, or in a deeper block, and does not parse. Hence the cuts of a source
whose pieces all parse are right.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from msgspec import Struct

from stepgraph.syntax.pieces.templates import StructuredCode, repetition

REPEATED_PER_PIECE: Final = 10
"""The minimum length of a piece as a multiple of that of a piece whose structure is frequent."""
PIECE_LENGTH: Final = 2_000
"""The minimum length of a piece, in characters. Pieces of 2,000 to 4,000 characters take the least time to parse."""


_MAX_DEPTH: Final = 20
"""The maximum number of blocks around the start of a piece. The parser reads code that opens them before each piece."""


class PieceBlock(Struct, frozen=True):
    """A block that contains the start of a piece."""

    indent: str
    """The whitespace at the start of a line."""
    opening: str
    """Code that opens a block with the same possible clauses, or an empty string if no piece may start in the block."""


class Piece(Struct, frozen=True):
    """A part of a source, from a statement and its leading comments to the next piece."""

    text: str
    blocks: tuple[PieceBlock, ...] = ()
    """The blocks around the start of the piece, outermost first."""
    end_blocks: tuple[PieceBlock, ...] = ()
    """The blocks around the start of the next piece."""
    code: StructuredCode | None = None
    """The structure and tokens of the text if its structure is frequent."""


class Cut(Struct, frozen=True):
    """The pieces of a source or of a part of it."""

    pieces: tuple[Piece, ...]
    first_indent: str | None
    """The whitespace at the start of the first statement in a block, or None if there is no block."""
    first_indented_piece: int
    """The index of the piece with this statement, or the number of pieces."""
    trailing_lines: str
    """The comments and blank lines after the last statement."""
    last_blocks: tuple[PieceBlock, ...]
    """The blocks around the last statement, outermost first."""


def cut(text: str, piece_length: int = PIECE_LENGTH) -> Cut | None:
    r"""Return the pieces of a source, or None if its layout is unusual. Lines end with `\n` or `\r\n`."""
    return cut_part(text, PiecePosition(is_first=True), piece_length)


class PiecePosition(Struct, frozen=True):
    """The place of a text in a source."""

    blocks: tuple[PieceBlock, ...] = ()
    """The blocks around the start of the text, outermost first."""
    end_blocks: tuple[PieceBlock, ...] = ()
    """The blocks around the start of the text after it."""
    is_first: bool = False
    """Whether the source starts with the text."""


def cut_part(text: str, part: PiecePosition, piece_length: int, min_length: int | None = None) -> Cut | None:
    """Return the pieces of a part of a source, which starts and ends like pieces, or None if its layout is unusual.

    `min_length` is the minimum length of a piece whose structure is frequent, by default a tenth of `piece_length`.
    """
    shortest = piece_length // REPEATED_PER_PIECE if min_length is None else min_length
    # The tokenizer resets its column at a form feed.
    return None if "\f" in text else _Cutter(text, part, piece_length, shortest).cut()


_ESCAPE: Final = r"\\(?:\r\n|.)"
_DOUBLE_QUOTED: Final = rf""""(?:""(?:[^"\\]++|{_ESCAPE}|"(?!""))*+(?:"{{3}})?|[^"\\\n]*+(?:{_ESCAPE}[^"\\\n]*+)*+"?)"""
_SINGLE_QUOTED: Final = _DOUBLE_QUOTED.replace('"', "'")
_OTHER: Final = rf"\#[^\n]*+|{_DOUBLE_QUOTED}|{_SINGLE_QUOTED}|{_ESCAPE}"
"""Comments, strings and escaped characters."""
_IN_BRACKETS: Final = rf"""[^"'\#()\[\]{{}}\\]++|{_OTHER}"""
_BRACKETS: Final = rf"[(\[{{](?:{_IN_BRACKETS})*+[)\]}}]"
"""Brackets without inner brackets."""
_TO_BRACKET: Final = re.compile(rf"(?:{_IN_BRACKETS}|{_BRACKETS})*+(?:(?P<open>[(\[{{])|[)\]}}])", re.DOTALL)
_TO_LINE_OR_BRACKET: Final = re.compile(
    rf"""(?:[^"'\#()\[\]{{}}\\\n]++|{_OTHER}|{_BRACKETS})*+"""
    r"""(?:\n(?P<indent>[ \t]*+)|(?P<open>[(\[{])|[)\]}])""",
    re.DOTALL,
)
_INDENT: Final = re.compile(r"[ \t]*+")
_CLAUSE: Final = re.compile(r"(?:elif|else|except|finally)\b")
# Compound statements by the clauses that may follow their first block: none, or those of `if`, of loops or of `try`.
_COMPOUND: Final = re.compile(
    r"(?:(?P<closed>class|def|with|async[ \t]+(?:def|with))|(?P<if>if)|(?P<loop>for|while|async[ \t]+for)|(?P<try>try))"
    r"\b"
)
# Code that opens a block with the same possible clauses.
_OPENINGS: Final = {"closed": "with 0:", "if": "if 0:", "loop": "while 0:", "try": "try:"}


class _UnusualLayoutError(Exception):
    """The source has a layout that the cutter does not understand."""


class _Cutter:
    """A scanner of the lines of a source."""

    def __init__(self, text: str, part: PiecePosition, piece_length: int, min_length: int) -> None:
        self._text = text
        self._part = part
        self._piece_length = piece_length
        self._min_length = min_length
        self._pieces: list[Piece] = []
        self._start = 0
        """The offset of the current piece."""
        self._start_blocks = part.blocks
        """The blocks around the start of the current piece."""
        self._blocks = [*part.blocks]
        """The blocks around the last statement, outermost first."""
        self._uncut = 0
        """The number of the innermost of these blocks in which no piece may start."""
        self._indent = part.blocks[-1].indent if part.blocks else ""
        """The whitespace at the start of a line in the innermost block."""
        self._closed: PieceBlock | None = None
        """The outermost of the blocks that the current statement has closed, if any."""
        self._statement = -1
        """The offset of the first character of the last statement, or -1 before the first statement."""
        self._first_indent: str | None = None
        self._first_indented_piece = -1

    def cut(self) -> Cut | None:
        """Return the pieces, or None if the layout is unusual."""
        try:
            end = self._scan()
        except _UnusualLayoutError:
            return None
        self._end_piece(len(self._text), self._part.end_blocks)
        number = len(self._pieces) if self._first_indent is None else self._first_indented_piece
        pieces, number = _merge(self._pieces, number, self._piece_length)
        return Cut(pieces, self._first_indent, number, self._text[end:], tuple(self._blocks))

    def _scan(self) -> int:
        """Visit each statement that starts a line. Return the offset of the end of the last one."""
        text = self._text
        gap = line = 0  # the offsets of the first line after the last statement and of the current line
        end = _INDENT.match(text).end()  # type: ignore[union-attr] # matches always
        while True:
            first = text[end : end + 1]
            if first == "\\":
                raise _UnusualLayoutError
            is_statement = first != "" and first not in "#\r\n"
            if is_statement:
                self._visit_statement(text[line:end], gap, line, end)
                self._statement = end
            following = self._next_line(end)
            if following is None:
                return len(text) if is_statement else gap
            line, end = following
            if is_statement:
                gap = line

    def _next_line(self, offset: int) -> tuple[int, int] | None:
        """Return the start of the next logical line and the end of its indentation, or None at the end."""
        depth = 0
        while True:
            match = _TO_BRACKET.match(self._text, offset) if depth else _TO_LINE_OR_BRACKET.match(self._text, offset)
            if match is None:
                return None
            offset = match.end()
            if match.lastgroup == "indent":
                return match.span("indent")
            depth += 1 if match.lastgroup == "open" else -1
            if depth < 0:
                raise _UnusualLayoutError

    def _visit_statement(self, indent: str, gap: int, line: int, first: int) -> None:
        """Visit the statement at the offset `first`, in the line at the offset `line`."""
        if self._statement < 0:
            self._visit_first_statement(indent, line, first)
            return
        is_first_in_block = self._enter_block(indent)
        if is_first_in_block and self._first_indent is None:
            self._first_indent = indent
            self._first_indented_piece = len(self._pieces)
        if (
            gap - self._start >= self._min_length
            and not self._uncut
            and len(self._blocks) <= _MAX_DEPTH
            and not is_first_in_block
            and self._text[self._statement] != "@"
            and not _CLAUSE.match(self._text, first)
        ):
            start = self._start_of_leading_lines(indent, gap, line)
            if start is not None:
                self._end_piece(start, tuple(self._blocks))

    def _visit_first_statement(self, indent: str, line: int, first: int) -> None:
        """Visit the first statement, which must be in the innermost of the blocks at the start."""
        is_piece = self._part.is_first or (
            self._start_of_leading_lines(indent, 0, line) is not None and not _CLAUSE.match(self._text, first)
        )
        if indent != self._indent or not is_piece:
            raise _UnusualLayoutError

    def _enter_block(self, indent: str) -> bool:
        """Update the open blocks for the next statement. Return whether it is the first one in its block."""
        self._closed = None
        if len(indent) > len(self._indent):
            self._open_block(indent)
            return True
        while len(indent) < len(self._indent):
            self._closed = self._blocks.pop()
            self._indent = self._blocks[-1].indent if self._blocks else ""
            self._uncut = max(0, self._uncut - 1)
        if indent != self._indent:
            raise _UnusualLayoutError
        return False

    def _open_block(self, indent: str) -> None:
        """Open the block of the last statement."""
        if not indent.startswith(self._indent):
            raise _UnusualLayoutError
        header = _COMPOUND.match(self._text, self._statement)
        opening = "" if header is None else _OPENINGS[header.lastgroup or ""]
        self._uncut += self._uncut > 0 or not opening
        self._blocks.append(PieceBlock(indent, opening))
        self._indent = indent

    def _start_of_leading_lines(self, indent: str, gap: int, line: int) -> int | None:
        """Return the offset of the comments and blank lines that belong to the statement in the line at `line`.

        They follow the lines with the indentation of the blocks that the statement closes, because those belong to the
        blocks. Return None if another line has a deeper indentation than the statement. It would belong to the block if
        an edit changed the indentation of the block.
        """
        start = offset = gap
        deeper = (f"{indent} ", f"{indent}\t")
        has_deeper_line = False
        for text in self._text[gap:line].split("\n")[:-1]:
            offset += len(text) + 1
            if self._closed is not None and text.startswith(self._closed.indent):
                start, has_deeper_line = offset, False
            elif text.startswith(deeper):
                has_deeper_line = True
        return None if has_deeper_line else start

    def _end_piece(self, end: int, end_blocks: tuple[PieceBlock, ...]) -> None:
        self._pieces.append(Piece(self._text[self._start : end], self._start_blocks, end_blocks))
        self._start, self._start_blocks = end, end_blocks


def _merge(pieces: Sequence[Piece], first_indented_piece: int, min_length: int) -> tuple[tuple[Piece, ...], int]:
    """Merge consecutive pieces up to a minimum length, except those with a frequent structure.

    Return the pieces, and the index of the one with the text of the piece `first_indented_piece`.
    """
    merged: list[Piece] = []
    unmerged: list[Piece] = []
    new_index = -1

    def merge() -> None:
        if unmerged:
            text = "".join([piece.text for piece in unmerged])
            merged.append(Piece(text, unmerged[0].blocks, unmerged[-1].end_blocks))
            unmerged.clear()

    codes = repetition.repeated([piece.text for piece in pieces])
    for index, (piece, code) in enumerate(zip(pieces, codes, strict=True)):
        if code is not None:
            merge()
        if index == first_indented_piece:
            new_index = len(merged)
        if code is not None:
            merged.append(Piece(piece.text, piece.blocks, piece.end_blocks, code))
            continue
        unmerged.append(piece)
        if sum(len(each.text) for each in unmerged) >= min_length:
            merge()
    merge()
    return tuple(merged), len(merged) if new_index < 0 else new_index
