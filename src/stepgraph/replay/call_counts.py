"""The numbers of calls of each step in a run of the new code, compared with the runs under the deployed code."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from msgspec import Struct

from stepgraph.bit_sets import bit_set, bits

_WIDTH: Final = 16
"""The number of bits for each number of calls, which is at most the number of tried calls."""

_MASK: Final = (1 << _WIDTH) - 1


class CallCounts(Struct, frozen=True):
    """The numbers of calls of the tracked steps. Each call changes a few bits, so equal counts are quickly compared."""

    numbers: int
    """The numbers of calls, `_WIDTH` bits for each tracked step."""
    lacking: int
    """The steps with fewer calls than runs under the deployed code, as a bit set of their numbers."""
    missing: int
    """The number of calls that these steps lack."""


class TrackedCalls(Struct, frozen=True):
    """Counts the calls of the steps that may correspond to entries."""

    indexes: Mapping[int, int]
    """The index of each tracked step, by its number."""
    required: Mapping[int, int]
    """The entries that certainly correspond to runs of each step, as bit sets."""
    sizes: Mapping[int, int]
    """The number of these entries, by step."""

    @classmethod
    def of(cls, tracked: Iterable[int], required: Mapping[int, int]) -> TrackedCalls:
        """Return the calls of some steps."""
        indexes = {site: index for index, site in enumerate(sorted(tracked))}
        return cls(indexes, required, {site: entries.bit_count() for site, entries in required.items()})

    def start(self) -> CallCounts:
        """Return the counts without a call."""
        return CallCounts(0, bit_set(self.sizes), sum(self.sizes.values()))

    def number(self, site: int, counts: CallCounts) -> int:
        """Return the number of calls of a step, or 0 if it is not tracked."""
        index = self.indexes.get(site)
        return 0 if index is None else counts.numbers >> index * _WIDTH & _MASK

    def after(self, site: int, counts: CallCounts) -> CallCounts:
        """Return the counts after another call of a step."""
        index = self.indexes.get(site)
        if index is None:
            return counts
        numbers = counts.numbers + (1 << index * _WIDTH)
        if not counts.lacking >> site & 1:
            return CallCounts(numbers, counts.lacking, counts.missing)
        is_last = self.number(site, counts) + 1 == self.sizes[site]
        return CallCounts(numbers, counts.lacking ^ is_last << site, counts.missing - 1)

    def lacking(self, counts: CallCounts, covered: int) -> Iterator[tuple[int, int]]:
        """Yield the steps that lack calls, each with the number of calls. Runs in `covered` are no calls."""
        for site in bits(counts.lacking):
            number = (self.required[site] & ~covered).bit_count() - self.number(site, counts)
            if number > 0:
                yield site, number

    def missing(self, counts: CallCounts, covered: int) -> int:
        """Return the number of calls that all steps lack."""
        return sum(number for _, number in self.lacking(counts, covered)) if covered else counts.missing
