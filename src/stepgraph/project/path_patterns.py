"""Glob patterns of paths: `*` and `?` within a name, `**` across directories.

A pattern is matched as a nondeterministic automaton whose state set is an integer with a bit for each position in the
path, so no pattern takes exponential time.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

_PART: Final = re.compile(r"\*\*/|\*\*|.", re.DOTALL)
# The limit on paths in Linux, in bytes.
_MAX_PATH_BYTES: Final = 4_096


def matches(pattern: str, path: str) -> bool:
    """Return whether a pattern matches a path. Both are relative to the same directory, with forward slashes.

    A pattern without a slash matches the file name in any directory. A pattern that ends in a slash matches everything
    inside the directory. A pattern that is longer than any path matches nothing.
    """
    anywhere = "" if "/" in pattern.rstrip("/") else "**/"
    below = "**" if pattern.endswith("/") else ""
    full_pattern = anywhere + pattern.removeprefix("./").removeprefix("/") + below
    if len(full_pattern) > _MAX_PATH_BYTES:
        return False
    characters = _characters(path)
    names = ~characters.get("/", 0) & ((1 << len(path)) - 1)
    positions = 1
    for part in _PART.findall(full_pattern):
        if part == "*":
            # The carry of the addition propagates each position to the end of the name.
            positions |= ((positions & names) + names) ^ names
        elif part == "?":
            positions = (positions & names) << 1
        elif part == "**":
            positions = (1 << len(path) + 1) - (positions & -positions)
        elif part == "**/":
            in_name = positions & names
            positions |= (characters.get("/", 0) << 1) & -(in_name & -in_name)
        else:
            positions = (positions & characters.get(part, 0)) << 1
        if not positions:
            return False
    return bool(positions >> len(path))


@lru_cache
def _characters(path: str) -> dict[str, int]:
    """Return the bit set of the positions of each character in a path."""
    positions: dict[str, int] = {}
    for index, character in enumerate(path):
        positions[character] = positions.get(character, 0) | 1 << index
    return positions
