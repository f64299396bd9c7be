"""Differences of the lines of two texts, computed with bounded work."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from difflib import Match, SequenceMatcher

from stepgraph.diff.sequences import common_sequence
from stepgraph.limits import DIFFLIB_LINES


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
