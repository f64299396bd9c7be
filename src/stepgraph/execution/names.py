"""Patterns of step names: text with parts in braces that are unknown before the run."""

from __future__ import annotations

from msgspec import Struct

from stepgraph.phrases import fits_pieces


class NamePattern(Struct, frozen=True):
    """The literal pieces of a name, between which any text may stand."""

    pieces: tuple[str, ...]

    @classmethod
    def of(cls, name: str) -> NamePattern:
        """Return the pattern of a name in a graph: `page {number}`. Braces may be nested."""
        pieces, depth, piece = [], 0, ""
        for character in name:
            if character == "{":
                if depth == 0:
                    pieces.append(piece)
                    piece = ""
                depth += 1
            elif character == "}" and depth:
                depth -= 1
            elif depth == 0:
                piece += character
        return cls((*pieces, piece) if depth == 0 else (name,))

    @property
    def is_literal(self) -> bool:
        """Whether the pattern matches a single name."""
        return len(self.pieces) == 1

    def matches(self, name: str) -> bool:
        """Return whether a name consists of the pieces with any text between them."""
        return fits_pieces(name, self.pieces)
