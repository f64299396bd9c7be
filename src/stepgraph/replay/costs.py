"""Runs of the new code, and the costs of their differences from the log."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import accumulate, pairwise
from operator import or_
from typing import Final, TypeAlias

from msgspec import Struct

from stepgraph.bit_sets import bit_set, bits
from stepgraph.execution.engine_rules import ResultKey, result_key
from stepgraph.execution.log import LogEntry
from stepgraph.execution.parts import Site
from stepgraph.limits import REPLAY_POSITIONS
from stepgraph.replay.answers import Answers, words_of
from stepgraph.replay.deployed import DeployedRun
from stepgraph.replay.position import Position

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
        """Yield the steps that lack calls, each with the number of calls. Runs in `covered` do not count as calls."""
        for site in bits(counts.lacking):
            number = (self.required[site] & ~covered).bit_count() - self.number(site, counts)
            if number > 0:
                yield site, number

    def missing(self, counts: CallCounts, covered: int) -> int:
        """Return the number of calls that all steps lack."""
        return sum(number for _, number in self.lacking(counts, covered)) if covered else counts.missing


# One edit of the code changes all runs of a step, so it is charged once.
AGAIN: Final = 1
_UNIT: Final = 2 * AGAIN * REPLAY_POSITIONS
"""More than the cost of all further runs of an edited step."""

# Costs of the differences between a run and a run without changes. Only their order of magnitude matters.
EXPECTED_RUN: Final = 2 * AGAIN
MOVED: Final = 2 * _UNIT
RESUMED: Final = _UNIT
FAILED: Final = 4 * _UNIT
RUN: Final = 20 * _UNIT
REPLACED: Final = 30 * _UNIT
OTHER_WORDS: Final = _UNIT
REPLACED_BY_OTHER_KIND: Final = 34 * _UNIT
ORPHAN: Final = 48 * _UNIT
# With the deployed code, the decisions of the instance are known, and these costs select the run.
UNEXPECTED: Final = 1_200 * _UNIT
MISSING: Final = 1_600 * _UNIT
REQUIRED_RUN: Final = 4 * _UNIT
# A name with unknown parts that has not changed probably has the same value.
OTHER_VALUE: Final = 1_600 * _UNIT
UNPLACED_ORPHAN: Final = 8 * _UNIT

RunKey: TypeAlias = tuple[Position, int, int, int, CallCounts]


class ReplayedCall(Struct, frozen=True):
    """A call of the new code."""

    site: Site
    entry: int | None
    """The position of the entry that answers the call, or None if the step runs."""
    replaced: int | None = None
    """The position of an entry that the new code does not call and whose place the call has taken."""
    is_required: bool = False
    """Whether the deployed version of the call is in the log."""


class CodeRun(Struct, frozen=True, eq=False):
    """A run of the new code up to a position."""

    position: Position
    consumed: int
    """The entries that have answered a call or were replaced by one, as a bit set."""
    covered: int
    """The entries of nested steps whose outer step has answered a call, as a bit set."""
    counts: CallCounts
    """The numbers of calls of the tracked steps."""
    edited: int
    """The steps that have run although the log has no entry for them, as a bit set of their numbers."""
    cost: int
    last: int = -1
    """The entry that has answered the last call with a stored result."""
    before: CodeRun | None = None
    call: ReplayedCall | None = None

    @property
    def key(self) -> RunKey:
        """The parts that determine the future of the run."""
        return self.position, self.consumed, self.covered, self.edited, self.counts


class Costs(Struct, frozen=True):
    """The costs of calls and of entries without a call."""

    entries: Sequence[LogEntry]
    answers: Answers
    deployed: DeployedRun | None
    foreign: int
    """The entries that no step of the new code can call, as a bit set."""
    unplaced: int
    """The entries whose deployed step was removed, or without the deployed code the foreign ones, as a bit set."""
    tracked: TrackedCalls
    """The calls of the steps that may correspond to entries."""
    allowed: Mapping[int, int]
    """The largest number of runs under the deployed code, by step."""
    existing: int
    """The steps that the deployed code also has, as a bit set, or all steps without the deployed code."""
    over: Sequence[int]
    """The entries that were over when the entry before an index began, as bit sets by index."""
    unlike: int
    """The entries whose names have no word in common with any step of the new code, as a bit set."""
    unanswered: int
    """The steps that no entry can answer, as a bit set."""

    @classmethod
    def of(
        cls, sites: Sequence[Site], entries: Sequence[LogEntry], answers: Answers, deployed: DeployedRun | None
    ) -> Costs:
        """Return the costs for the steps of a program and a log."""
        foreign = sum((not answering) << number for number, answering in enumerate(answers.sites_of))
        words = set().union(*map(words_of, sites))
        unlike = sum(words.isdisjoint(entry.name.split()) << number for number, entry in enumerate(entries))
        unanswered = sum((not stored) << number for number, stored in enumerate(answers.by_site))
        tracked, allowed, existing, unplaced = TrackedCalls.of((), {}), Counter[int](), -1, foreign
        if deployed is not None:
            allowed = deployed.allowed()
            tracked = TrackedCalls.of(allowed, deployed.required())
            existing = bit_set(deployed.existing)
            placed = sum(bool(counterparts) << number for number, counterparts in enumerate(deployed.sites))
            unplaced = ~placed & ((1 << len(entries)) - 1)
        over = _over(entries)
        return cls(
            entries=entries,
            answers=answers,
            deployed=deployed,
            foreign=foreign,
            unplaced=unplaced,
            tracked=tracked,
            allowed=allowed,
            existing=existing,
            over=over,
            unlike=unlike,
            unanswered=unanswered,
        )

    @property
    def failed_end(self) -> int:
        """The additional cost of a failure of an entry that has not ended. The deployed code has run without one."""
        return FAILED if self.deployed is None else 2 * UNEXPECTED

    def is_required(self, site: Site, counts: CallCounts) -> bool:
        """Return whether a call of a step corresponds to a run under the deployed code."""
        return bool(counts.lacking >> site.number & 1)

    def of_call(self, site: Site, run: CodeRun) -> int:
        """Return the cost of a call that the run under the deployed code does not explain.

        After the last entry of the log, all calls of deployed steps are expected.
        """
        if self.deployed is None or site.number not in self.deployed.existing or run.consumed >> len(self.entries) - 1:
            return 0
        if site.number in self.deployed.excluded:
            return 2 * UNEXPECTED
        if site.number in self.deployed.overtaking or site.number in self.deployed.sporadic:
            return 0
        return 0 if self.tracked.number(site.number, run.counts) < self.allowed.get(site.number, 0) else UNEXPECTED

    def of_run(self, site: Site, run: CodeRun) -> int:
        """Return the additional cost of a call that the log does not answer.

        With the deployed code, any number of new steps is more probable than another decision.
        """
        is_further = run.edited if self.deployed is not None else run.edited >> site.number & 1
        return AGAIN if is_further else RUN

    def missing(self, run: CodeRun) -> Iterator[int]:
        """Yield the steps with fewer runs than under the deployed code. Covered ones cannot be missing."""
        return (site for site, _ in self.tracked.lacking(run.counts, run.covered))

    def open_entries(self, run: CodeRun) -> int:
        """Return the entries that still have to answer a call, as a bit set."""
        return ~(run.consumed | run.covered | self.foreign) & ((1 << len(self.entries)) - 1)

    def reachable(self, run: CodeRun) -> bool:
        """Return whether a later call may be answered by an entry."""
        return bool(self.open_entries(run) & ~self.answers.unanswerable(run.position.sites))

    def unplaced_in(self, run: CodeRun) -> int:
        """Return the unplaced entries that no call of a run has replaced, as a bit set."""
        return self.unplaced & ~run.consumed & ~run.covered

    def passed(self, run: CodeRun) -> int:
        """Return the entries that were over before an entry whose call a run has made, as a bit set."""
        return self.over[run.consumed.bit_length()]

    def final(self, run: CodeRun) -> int:
        """Return the cost of the entries and deployed runs that a complete run does not explain."""
        orphan = ORPHAN if self.deployed is None else UNPLACED_ORPHAN
        cost = ORPHAN * self.unplaced_in(run).bit_count() + orphan * self.open_entries(run).bit_count()
        return cost + MISSING * self.tracked.missing(run.counts, run.covered)

    def estimate(self, run: CodeRun) -> int:
        """Return the probable cost of the continuations of a run.

        Further runs of an edited step may cost less, but the estimate ignores this, so that the search prefers runs
        that explain more entries. For the same reason, each unexplained entry and each new step ahead count as such
        a run: otherwise, the search tries every set of edited members of a group.
        """
        sites, waiting, unplaced = run.position.sites, self.open_entries(run), self.unplaced_in(run)
        lost = unplaced & self.passed(run)
        replaceable = unplaced & ~lost
        cost = ORPHAN * lost.bit_count() + REPLACED * replaceable.bit_count()
        cost += OTHER_WORDS * (replaceable & self.unlike).bit_count()
        if not run.covered:
            cost += REQUIRED_RUN * (run.counts.lacking & self.unanswered).bit_count()
        orphan = ORPHAN if self.deployed is None else UNPLACED_ORPHAN
        cost += orphan * (self.answers.unanswerable(sites) & waiting).bit_count()
        unexplained = ~(run.consumed | run.covered) & ((1 << len(self.entries)) - 1)
        cost += EXPECTED_RUN * (unexplained.bit_count() + (sites & ~self.existing).bit_count())
        if not run.counts.lacking & ~sites:
            return cost
        lacking = self.tracked.lacking(run.counts, run.covered)
        return cost + MISSING * sum(number for site, number in lacking if not sites >> site & 1)


def _over(entries: Sequence[LogEntry]) -> list[int]:
    """Return the entries that were over when the entry before each index began. Without times, all earlier ones."""
    starts = [entry.start for entry in entries if entry.start is not None]
    is_timed = len(starts) == len(entries) and all(first <= second for first, second in pairwise(starts))
    begun = [0] * (len(entries) + 2)
    for number, entry in enumerate(entries):
        following = number + 1
        if is_timed and entry.end is not None:
            following = max(following, bisect_left(starts, entry.end))
        begun[min(following, len(entries)) + 1] |= 1 << number
    return list(accumulate(begun, or_))


def log_names(calls: Sequence[ReplayedCall], entries: Sequence[LogEntry]) -> list[str]:
    """Return the names of calls in the log. A name that is unknown before the run has no counter."""
    counts: Counter[ResultKey] = Counter()
    names: list[str] = []
    for call in calls:
        node = call.site.node
        entry = None if call.entry is None else entries[call.entry]
        key = result_key(node["type"], node if entry is None else {**node, "name": entry.name})
        counts[key] += 1
        name = f"{key.name}-{counts[key]}" if call.site.pattern.is_literal else key.name
        names.append(name if entry is None else entry.log_name)
    return names
