"""Patterns of paths: `*` and `?` within a name, `**` across folders.

All ways to read a pattern are followed at once, as a set of positions in the path, so that none is tried twice. A set
is a number with a bit for each position.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

_PART: Final = re.compile(r"\*\*/|\*\*|.", re.DOTALL)
# No file has a longer path: on Linux that is 4,096 bytes.
_LONGEST: Final = 4_096


def matches(pattern: str, path: str) -> bool:
    """Whether a pattern is one of a path, both from the same folder and with forward slashes.

    A pattern without a slash is one of the file's name, wherever that is; one that ends in a slash is one of all that
    is in the folder. One that is longer than any path is none.
    """
    anywhere = "" if "/" in pattern.rstrip("/") else "**/"
    below = "**" if pattern.endswith("/") else ""
    whole = anywhere + pattern.removeprefix("./").removeprefix("/") + below
    if len(whole) > _LONGEST:
        return False
    characters = _characters(path)
    names = ~characters.get("/", 0) & ((1 << len(path)) - 1)
    positions = 1
    for part in _PART.findall(whole):
        if part == "*":
            # Adding carries each position on through the name, up to its end.
            positions |= ((positions & names) + names) ^ names
        elif part == "?":
            positions = (positions & names) << 1
        elif part == "**":
            positions = (1 << len(path) + 1) - (positions & -positions)
        elif part == "**/":
            inside = positions & names
            positions |= (characters.get("/", 0) << 1) & -(inside & -inside)
        else:
            positions = (positions & characters.get(part, 0)) << 1
        if not positions:
            return False
    return bool(positions >> len(path))


@lru_cache
def _characters(path: str) -> dict[str, int]:
    """Return the positions of each character of a path."""
    positions: dict[str, int] = {}
    for index, character in enumerate(path):
        positions[character] = positions.get(character, 0) | 1 << index
    return positions
