"""Longest increasing and common subsequences, computed with bounded work."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Hashable, Iterator, Sequence
from difflib import Match, SequenceMatcher
from itertools import pairwise
from typing import Final

from stepgraph.limits import DIFFLIB_LINES, SEQUENCE_WORK, SEQUENCE_WORK_PER_ITEM

Pair = tuple[int, int]

_MAX_TABLE_SIZE: Final = 40_000


def longest_increasing(values: Sequence[int]) -> list[int]:
    """Return the indices of a longest increasing subsequence of distinct values."""
    ends: list[int] = []
    indices: list[int] = []
    previous: list[int] = []
    for index, value in enumerate(values):
        length = bisect_left(ends, value)
        # Replaces an element or appends one.
        ends[length : length + 1] = [value]
        indices[length : length + 1] = [index]
        previous.append(indices[length - 1] if length else -1)
    chosen: list[int] = []
    index = indices[-1] if indices else -1
    while index >= 0:
        chosen.append(index)
        index = previous[index]
    return chosen[::-1]


def common_sequence(old: Sequence[Hashable], new: Sequence[Hashable]) -> list[Pair]:
    """Return index pairs of equal items, increasing in both sequences.

    Items that are unique in both sequences are matched first, as in a patience diff. Between them, short sequences are
    matched by a longest common subsequence. Of equal adjacent items, the first ones are matched. The total work is
    bounded.
    """
    pairs: list[Pair] = []
    pending = [(0, len(old), 0, len(new))]
    remaining_work = SEQUENCE_WORK + SEQUENCE_WORK_PER_ITEM * (len(old) + len(new))
    while pending and remaining_work > 0:
        old_from, old_to, new_from, new_to = pending.pop()
        while old_from < old_to and new_from < new_to and old[old_from] == new[new_from]:
            pairs.append((old_from, new_from))
            old_from, new_from = old_from + 1, new_from + 1
        while old_from < old_to and new_from < new_to and old[old_to - 1] == new[new_to - 1]:
            old_to, new_to = old_to - 1, new_to - 1
            pairs.append((old_to, new_to))
        old_size, new_size = old_to - old_from, new_to - new_from
        if not old_size or not new_size:
            continue
        remaining_work -= old_size + new_size
        anchors = _anchors(old[old_from:old_to], new[new_from:new_to])
        if not anchors:
            remaining_work -= min(old_size * new_size, _MAX_TABLE_SIZE)
            pairs += (
                (old_from + old_index, new_from + new_index)
                for old_index, new_index in _longest_common(old[old_from:old_to], new[new_from:new_to])
            )
            continue
        for old_index, new_index in anchors:
            pairs.append((old_from + old_index, new_from + new_index))
        bounds = [(-1, -1), *anchors, (old_size, new_size)]
        pending += (
            (old_from + old_index + 1, old_from + next_old, new_from + new_index + 1, new_from + next_new)
            for (old_index, new_index), (next_old, next_new) in pairwise(bounds)
        )
    return list(_earliest(sorted(pairs), old, new))


def _earliest(pairs: Sequence[Pair], old: Sequence[Hashable], new: Sequence[Hashable]) -> Iterator[Pair]:
    """Yield pairs with the first one of equal adjacent items, so that a repeated item is added behind the others.

    Items in front of a pair that are not common may have replaced each other, so they keep their places.
    """
    last_old = last_new = -1
    for pair in pairs:
        first_old, first_new = pair
        if pair[1] == last_new + 1:
            while first_old - 1 > last_old and old[first_old - 1] == old[pair[0]]:
                first_old -= 1
        if pair[0] == last_old + 1:
            while first_new - 1 > last_new and new[first_new - 1] == new[pair[1]]:
                first_new -= 1
        yield first_old, first_new
        last_old, last_new = first_old, first_new


def _anchors(old: Sequence[Hashable], new: Sequence[Hashable]) -> list[Pair]:
    """Return a longest increasing list of index pairs of items that are unique in both sequences."""
    once_in_new = {item for item, count in Counter(new).items() if count == 1}
    once = {item for item, count in Counter(old).items() if count == 1} & once_in_new
    in_old = {item: index for index, item in enumerate(old) if item in once}
    candidates = [(in_old[item], index) for index, item in enumerate(new) if item in once]
    return [candidates[index] for index in longest_increasing([index for index, _ in candidates])]


def _longest_common(old: Sequence[Hashable], new: Sequence[Hashable]) -> list[Pair]:
    """Return a longest common subsequence, or an empty one for sequences beyond the size limit."""
    if len(old) * len(new) > _MAX_TABLE_SIZE:
        return []
    lengths = [[0] * (len(new) + 1) for _ in range(len(old) + 1)]
    for old_index in reversed(range(len(old))):
        for new_index in reversed(range(len(new))):
            same = old[old_index] == new[new_index]
            lengths[old_index][new_index] = (
                lengths[old_index + 1][new_index + 1] + 1
                if same
                else max(lengths[old_index + 1][new_index], lengths[old_index][new_index + 1])
            )
    pairs: list[Pair] = []
    old_index = new_index = 0
    while old_index < len(old) and new_index < len(new):
        if old[old_index] == new[new_index]:
            pairs.append((old_index, new_index))
            old_index, new_index = old_index + 1, new_index + 1
        elif lengths[old_index + 1][new_index] >= lengths[old_index][new_index + 1]:
            old_index += 1
        else:
            new_index += 1
    return pairs


def changed_lines(before: Sequence[str], after: Sequence[str]) -> Iterator[tuple[range, range]]:
    """Yield the ranges of indices of lines that differ, each with the lines that replace them."""
    for tag, old, old_end, new, new_end in _LineMatcher(before, after).get_opcodes():
        if tag != "equal":
            yield range(old, old_end), range(new, new_end)


def hunks(before: Sequence[str], after: Sequence[str], context: int = 3) -> Iterator[str]:
    """Yield the lines of the hunks, like `difflib.unified_diff`, with this number of unchanged lines around changes.

    Each line keeps the line ending of its file. Unlike `difflib`, it does not take cubic time for long files.
    """
    for group in _LineMatcher(before, after).get_grouped_opcodes(context):
        _, first_old, _, first_new, _ = group[0]
        _, _, last_old, _, last_new = group[-1]
        yield f"@@ -{_range(first_old, last_old)} +{_range(first_new, last_new)} @@\n"
        for tag, old, old_end, new, new_end in group:
            if tag == "equal":
                yield from (f" {line}" for line in before[old:old_end])
                continue
            yield from (f"-{line}" for line in before[old:old_end])
            yield from (f"+{line}" for line in after[new:new_end])


def _range(start: int, stop: int) -> str:
    length = stop - start
    if length == 1:
        return f"{start + 1}"
    return f"{start + 1 if length else start},{length}"


class _LineMatcher(SequenceMatcher[str]):
    """Matches lines. In long files, it matches lines with equal numbers, or unique lines if the lengths differ."""

    def __init__(self, before: Sequence[str], after: Sequence[str]) -> None:
        super().__init__(None, before, after)
        self._before, self._after = before, after

    def get_matching_blocks(self) -> list[Match]:
        """Return the blocks of equal lines, and an empty block at the end."""
        if max(len(self._before), len(self._after)) <= DIFFLIB_LINES:
            return super().get_matching_blocks()
        blocks: list[Match] = []
        for old, new in self._pairs():
            last = blocks[-1] if blocks else Match(0, 0, 0)
            if (old, new) == (last.a + last.size, last.b + last.size) and blocks:
                blocks[-1] = Match(last.a, last.b, last.size + 1)
            else:
                blocks.append(Match(old, new, 1))
        return [*blocks, Match(len(self._before), len(self._after), 0)]

    def _pairs(self) -> list[tuple[int, int]]:
        if len(self._before) != len(self._after):
            return common_sequence(self._before, self._after)
        pairs = enumerate(zip(self._before, self._after, strict=True))
        return [(number, number) for number, (old, new) in pairs if old == new]
