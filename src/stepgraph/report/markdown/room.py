"""How long Markdown may be, and what of it still fits."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

LONGEST: Final = 65_000
"""In characters: GitHub takes comments of 65,536, and summaries of jobs of a megabyte."""


def length(text: str) -> int:
    """Return the length as JavaScript measures it: what is beyond the first 65,536 characters counts twice."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def fitting(texts: Sequence[str], room: int) -> int:
    """Return how many of the texts, from the first on, fit into so many characters."""
    for number, text in enumerate(texts):
        room -= length(text)
        if room < 0:
            return number
    return len(texts)
