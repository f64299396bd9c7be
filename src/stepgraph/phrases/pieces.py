"""Matching of strings whose pieces alone are static."""

from __future__ import annotations

from collections.abc import Sequence


def fits_pieces(text: str, pieces: Sequence[str]) -> bool:
    """Return whether a text consists of the pieces in order, with any text between them.

    Taking the leftmost occurrence of each piece needs no backtracking.
    """
    first, last = pieces[0], pieces[-1]
    if len(pieces) == 1:
        return text == first
    at, end = len(first), len(text) - len(last)
    if end < at or not text.startswith(first) or not text.endswith(last):
        return False
    for piece in pieces[1:-1]:
        start = text.find(piece, at, end)
        if start < 0:
            return False
        at = start + len(piece)
    return True
