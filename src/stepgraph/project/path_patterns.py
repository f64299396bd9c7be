"""Glob patterns of paths: `*`, `?` and `[a-z]` within a name, `**` across directories.

A pattern is matched as a nondeterministic automaton whose state set is an integer with a bit for each position in the
path, so no pattern takes exponential time.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Final

# A class contains no opening bracket, so that the search for its end takes linear time.
_PART: Final = r"\*\*/|\*\*|\[[!^]?\]?[^\[\]/]*\]|\\.|."
_RANGE: Final = r"(.)-(.)|(.)"
# The limit on paths in Linux, in bytes.
_MAX_PATH_BYTES: Final = 4_096


def is_excluded(patterns: Sequence[str], path: str, *, is_folder: bool) -> bool:
    """Return whether patterns exclude a path, as in a `.gitignore` file in the directory that the path is relative to.

    The last matching pattern decides; one that begins with `!` includes the path again. A pattern that ends in a slash
    matches only directories. Only the path itself is matched, not its parent directories.
    """
    for pattern in reversed(patterns):
        is_negated = pattern.startswith("!")
        name = pattern[is_negated:].rstrip("/")
        if name and (is_folder or not pattern.endswith("/")) and matches(name, path):
            return not is_negated
    return False


def matches(pattern: str, path: str) -> bool:
    """Return whether a pattern matches a path. Both are relative to the same directory, with forward slashes.

    A pattern without a slash matches the file name in any directory. A pattern that ends in a slash matches everything
    inside the directory. A backslash makes the next character literal. A pattern that is longer than any path matches
    nothing.
    """
    anywhere = "" if "/" in pattern.rstrip("/") else "**/"
    below = "**" if pattern.endswith("/") else ""
    full_pattern = anywhere + pattern.removeprefix("./").removeprefix("/") + below
    if len(full_pattern) > _MAX_PATH_BYTES:
        return False
    characters = _characters(path)
    names = ~characters.get("/", 0) & ((1 << len(path)) - 1)
    positions = 1
    for part in re.findall(_PART, full_pattern, re.DOTALL):
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
        elif part.startswith("[") and len(part) > 1:
            positions = (positions & _positions_in_class(part, characters, names)) << 1
        else:
            positions = (positions & characters.get(part[-1], 0)) << 1
        if not positions:
            return False
    return bool(positions >> len(path))


def _positions_in_class(part: str, characters: dict[str, int], names: int) -> int:
    """Return the bit set of the positions in names whose character is in a class such as `[a-z]` or `[!_]`."""
    is_negated = part[1] in "!^"
    ranges = [*_ranges(part[2 if is_negated else 1 : -1])]
    positions = 0
    for character, bits in characters.items():
        if any(first <= character <= last for first, last in ranges) is not is_negated:
            positions |= bits
    return positions & names


def _ranges(text: str) -> Iterator[tuple[str, str]]:
    for first, last, single in re.findall(_RANGE, text, re.DOTALL):
        yield (first, last) if first else (single, single)


@lru_cache
def _characters(path: str) -> dict[str, int]:
    """Return the bit set of the positions of each character in a path."""
    positions: dict[str, int] = {}
    for index, character in enumerate(path):
        positions[character] = positions.get(character, 0) | 1 << index
    return positions
