"""The number of changed lines of a file."""

from __future__ import annotations

from collections.abc import Sequence


def changed_lines(old: Sequence[str], new: Sequence[str]) -> int:
    """Return the minimum number of deleted and inserted lines."""
    return len(old) + len(new) - 2 * _common(old, new)


def _common(old: Sequence[str], new: Sequence[str]) -> int:
    """Return the length of the longest common subsequence: a row of its table at a time, as the bits of a number.

    After Hyyrö, Bit-parallel LCS-length computation revisited (2004). A bit is 0 where the length grows.
    """
    places: dict[str, int] = {}
    for bit, line in enumerate(old):
        places[line] = places.get(line, 0) | 1 << bit
    full = (1 << len(old)) - 1
    row = full
    for line in new:
        matches = row & places.get(line, 0)
        row = (row + matches | row - matches) & full
    return len(old) - row.bit_count()
