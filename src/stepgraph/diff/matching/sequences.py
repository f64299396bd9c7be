"""What two sequences have in common, in order."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Hashable, Sequence
from itertools import pairwise
from typing import Final

from stepgraph.limits import SEQUENCE_WORK, SEQUENCE_WORK_PER_ITEM

Pair = tuple[int, int]

_LARGEST_TABLE: Final = 40_000


def longest_increasing(values: Sequence[int]) -> list[int]:
    """Return the places of a longest increasing subsequence of distinct values."""
    ends: list[int] = []
    places: list[int] = []
    before: list[int] = []
    for place, value in enumerate(values):
        length = bisect_left(ends, value)
        # Puts the value in the place of another, or at the end.
        ends[length : length + 1] = [value]
        places[length : length + 1] = [place]
        before.append(places[length - 1] if length else -1)
    chosen: list[int] = []
    place = places[-1] if places else -1
    while place >= 0:
        chosen.append(place)
        place = before[place]
    return chosen[::-1]


def common_sequence(old: Sequence[Hashable], new: Sequence[Hashable]) -> list[Pair]:
    """Return places of equal items, increasing in both: the longest such list where that is cheap, else a long one.

    What stands once in both decides first, as in a patience diff. Sequences made to take the square of their length
    have fewer pairs than they could have.
    """
    found: list[Pair] = []
    pending = [(0, len(old), 0, len(new))]
    left = SEQUENCE_WORK + SEQUENCE_WORK_PER_ITEM * (len(old) + len(new))
    while pending and left > 0:
        old_from, old_to, new_from, new_to = pending.pop()
        while old_from < old_to and new_from < new_to and old[old_from] == new[new_from]:
            found.append((old_from, new_from))
            old_from, new_from = old_from + 1, new_from + 1
        while old_from < old_to and new_from < new_to and old[old_to - 1] == new[new_to - 1]:
            old_to, new_to = old_to - 1, new_to - 1
            found.append((old_to, new_to))
        old_size, new_size = old_to - old_from, new_to - new_from
        if not old_size or not new_size:
            continue
        left -= old_size + new_size
        anchors = _anchors(old[old_from:old_to], new[new_from:new_to])
        if not anchors:
            left -= min(old_size * new_size, _LARGEST_TABLE)
            found += (
                (old_from + a, new_from + b) for a, b in _longest_common(old[old_from:old_to], new[new_from:new_to])
            )
            continue
        for a, b in anchors:
            found.append((old_from + a, new_from + b))
        bounds = [(-1, -1), *anchors, (old_size, new_size)]
        pending += (
            (old_from + a + 1, old_from + next_a, new_from + b + 1, new_from + next_b)
            for (a, b), (next_a, next_b) in pairwise(bounds)
        )
    return sorted(found)


def _anchors(old: Sequence[Hashable], new: Sequence[Hashable]) -> list[Pair]:
    """Return places of what stands once in each, in an order that holds in both."""
    once_in_new = {item for item, count in Counter(new).items() if count == 1}
    once = {item for item, count in Counter(old).items() if count == 1} & once_in_new
    in_old = {item: place for place, item in enumerate(old) if item in once}
    candidates = [(in_old[item], place) for place, item in enumerate(new) if item in once]
    return [candidates[index] for index in longest_increasing([place for place, _ in candidates])]


def _longest_common(old: Sequence[Hashable], new: Sequence[Hashable]) -> list[Pair]:
    """Return a longest common subsequence; of sequences that are too long for that, nothing."""
    if len(old) * len(new) > _LARGEST_TABLE:
        return []
    lengths = [[0] * (len(new) + 1) for _ in range(len(old) + 1)]
    for a in reversed(range(len(old))):
        for b in reversed(range(len(new))):
            same = old[a] == new[b]
            lengths[a][b] = lengths[a + 1][b + 1] + 1 if same else max(lengths[a + 1][b], lengths[a][b + 1])
    found: list[Pair] = []
    a = b = 0
    while a < len(old) and b < len(new):
        if old[a] == new[b]:
            found.append((a, b))
            a, b = a + 1, b + 1
        elif lengths[a + 1][b] >= lengths[a][b + 1]:
            a += 1
        else:
            b += 1
    return found
