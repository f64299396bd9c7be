"""Parsing of a source in pieces, and of the changed pieces of its later versions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from stepgraph.syntax.pieces.cutting import PIECE_LENGTH, REPEATED_PER_PIECE, Cut, PiecePosition, cut, cut_part
from stepgraph.syntax.pieces.joining import JoinedModule, join
from stepgraph.syntax.pieces.parsing import (
    ParsedPiece,
    PieceContext,
    RejectedPieceError,
    WrongCutError,
    parse_pieces,
)

_DEFAULT_INDENT: Final = " " * 4
"""The indentation that LibCST assumes for a source without blocks."""
_MAX_ADDED_PIECES: Final = 4
"""The maximum number of unchanged pieces that are parsed again because an adjacent piece has changed."""


def parse_in_pieces(text: str, encoding: str, piece_length: int = PIECE_LENGTH) -> JoinedModule | None:
    """Return a module parsed in pieces, or None if it has to be parsed whole. Raises the errors of LibCST."""
    newline = line_ending(text)
    parts = None if newline is None else cut(text, piece_length)
    if newline is None or parts is None or len(parts.pieces) == 1:
        return None
    indent = _DEFAULT_INDENT if parts.first_indent is None else parts.first_indent
    try:
        return join(parse_parts(parts, PieceContext(newline, indent, is_first=True, is_last=True)), encoding)
    except WrongCutError:
        return None
    except RejectedPieceError as rejection:
        raise rejection.error from None


class Change(Struct, frozen=True):
    """The difference between two versions of a source: consecutive pieces and their new text."""

    earlier: JoinedModule
    start: int
    """The index of the first changed piece."""
    end: int
    """The index after the last changed piece."""
    new_text: str
    parts: Cut
    """The pieces of the new text."""

    @property
    def old_text(self) -> str:
        """The earlier text of the changed pieces."""
        return "".join(parsed.piece.text for parsed in self.earlier.pieces[self.start : self.end])

    def has_line(self, number: int) -> bool:
        """Return whether the new text contains a line of the source. The first line has the number 1."""
        lines_before = sum(parsed.line_count for parsed in self.earlier.pieces[: self.start])
        return lines_before < number <= lines_before + self.new_text.count("\n") + 1

    def parse(self, encoding: str) -> JoinedModule | None:
        """Return the new version of the module, or None if it has to be cut again.

        Raises RejectedPieceError if the new version is not valid, and the errors of LibCST if it may be valid.
        """
        pieces = self.earlier.pieces
        changed = pieces[self.start : self.end]
        context = replace(changed[0].context, is_last=changed[-1].context.is_last, has_first_block=False)
        had_first_block = any(parsed.context.has_first_block for parsed in changed)
        if not context.follows_block and self.parts.first_indent != (context.indent if had_first_block else None):
            return None
        try:
            return join((*pieces[: self.start], *parse_parts(self.parts, context), *pieces[self.end :]), encoding)
        except WrongCutError:
            return None


def find_change(earlier: JoinedModule, text: str, piece_length: int = PIECE_LENGTH) -> Change | None:
    """Return the difference between a module and a new version of its source, or None if it has to be cut again."""
    pieces = earlier.pieces
    if line_ending(text) != pieces[0].context.newline:
        return None
    start, offset = _common_prefix(pieces, text)
    end, end_offset = _common_suffix(pieces, text, start, offset)
    for _ in range(_MAX_ADDED_PIECES + 1):
        new_text = text[offset:end_offset]
        is_unchanged = start == end
        parts = None if is_unchanged else _cut(pieces[start:end], new_text, piece_length)
        if parts is None and not is_unchanged:
            return None
        has_statement = parts is not None and parts.trailing_lines != new_text
        if parts is not None and has_statement and _is_complete(new_text, parts, pieces[end:], piece_length):
            return Change(earlier, start, end, new_text, parts)
        if start and not has_statement:
            start -= 1
            offset -= len(pieces[start].piece.text)
        elif end < len(pieces):
            end_offset += len(pieces[end].piece.text)
            end += 1
    return None


def _cut(changed: Sequence[ParsedPiece], new_text: str, piece_length: int) -> Cut | None:
    """Return the pieces of a changed text (one if it is short), or None if its layout is unusual."""
    length = max(len(new_text), 1) if len(new_text) <= 2 * piece_length else piece_length
    first, last = changed[0], changed[-1]
    part = PiecePosition(first.piece.blocks, last.piece.end_blocks, first.context.is_first)
    return cut_part(new_text, part, length, piece_length // REPEATED_PER_PIECE)


def _is_complete(new_text: str, parts: Cut, following: Sequence[ParsedPiece], piece_length: int) -> bool:
    """Return whether the new text is long enough for a piece, and ends where the following piece may start.

    Comments before the following piece belong to it, except those at the end of a block that ends there.
    """
    if not following:
        return True
    blocks = following[0].piece.blocks
    last_line = parts.trailing_lines.removesuffix("\n").rpartition("\n")[2]
    closed = parts.last_blocks[len(blocks) :]
    ends_in_block = bool(closed) and last_line.startswith(closed[0].indent)
    return (
        len(new_text) * REPEATED_PER_PIECE >= piece_length
        and new_text.endswith("\n")
        and parts.last_blocks[: len(blocks)] == blocks
        and (not parts.trailing_lines or ends_in_block)
    )


def _common_prefix(pieces: Sequence[ParsedPiece], text: str) -> tuple[int, int]:
    """Return the number of pieces with which a text starts, and their length."""
    offset = 0
    for number, parsed in enumerate(pieces):
        if not text.startswith(parsed.piece.text, offset):
            return number, offset
        offset += len(parsed.piece.text)
    return len(pieces), offset


def _common_suffix(pieces: Sequence[ParsedPiece], text: str, start: int, offset: int) -> tuple[int, int]:
    """Return the index of the first of the pieces with which a text ends, and their offset in the text.

    They do not include the pieces before `start`, nor the text before `offset`.
    """
    end, end_offset = len(pieces), len(text)
    while end > start and text.endswith(pieces[end - 1].piece.text, offset, end_offset):
        end -= 1
        end_offset -= len(pieces[end].piece.text)
    return end, end_offset


def line_ending(text: str) -> str | None:
    """Return the line ending of a source, or None if it has several or an unusual one."""
    returns = text.count("\r")
    if not returns:
        return "\n"
    return "\r\n" if returns == text.count("\r\n") == text.count("\n") else None


def parse_parts(parts: Cut, context: PieceContext) -> tuple[ParsedPiece, ...]:
    """Return the parsed pieces of a source or of a part of it. `context` describes all of them together."""
    last = len(parts.pieces) - 1
    contexts = [
        PieceContext(
            context.newline,
            context.indent,
            is_first=context.is_first and index == 0,
            is_last=context.is_last and index == last,
            follows_block=context.follows_block or index > parts.first_indented_piece,
            has_first_block=not context.follows_block and index == parts.first_indented_piece,
        )
        for index in range(len(parts.pieces))
    ]
    return parse_pieces([*zip(parts.pieces, contexts, strict=True)])
