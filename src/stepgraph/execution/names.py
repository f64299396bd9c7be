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
        if "{" not in name:
            return cls((name,))
        # Imported here because most names have no braces.
        from stepgraph.model.expressions import braced_parts

        return cls(tuple([text for text, is_inside in braced_parts(name) if not is_inside]))

    @property
    def is_literal(self) -> bool:
        """Whether the pattern matches a single name."""
        return len(self.pieces) == 1

    def matches(self, name: str) -> bool:
        """Return whether a name consists of the pieces with any text between them."""
        return fits_pieces(name, self.pieces)
