"""The stored entries of a log that answer the calls of the new code."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from itertools import chain
from typing import Final, cast

from msgspec import Struct, field

from stepgraph.bit_sets import bit_set, bits
from stepgraph.execution.engine_rules import milliseconds_of
from stepgraph.execution.log import ENTRY_KINDS, EntryKind, LogEntry
from stepgraph.execution.matching.term_pool import LogBudget
from stepgraph.execution.matching.terms import TooAmbiguousError
from stepgraph.execution.parts import GraphParts, Site
from stepgraph.limits import ANSWER_COMPARISONS
from stepgraph.model.payload import Step
from stepgraph.phrases import is_same_duration

# The start and the end of a log entry are written some milliseconds after those of the sleep itself.
_TIMER_SLACK: Final = 100
_LONGEST_DELAY: Final = 60_000
_MAX_ANSWERS: Final = 4
_CLOCK_CALL: Final = re.compile(r"\b(?:now|utcnow|today)\(|\btime\(\)")


class Answers(Struct, frozen=True):
    """The entries that can answer the calls of each step.

    Sets of entries and of steps are bit sets of their numbers.
    """

    entries: Sequence[LogEntry]
    by_site: Sequence[int]
    """The entries that can answer a step, by its number."""
    sites_of: Sequence[int]
    """The steps that each entry can answer."""
    classes: Mapping[int, int]
    """The entries that can answer the same steps, by these steps."""
    by_step: Mapping[int, Sequence[tuple[int, int]]]
    """The classes, by each of their steps."""
    unreached: dict[int, int] = field(default_factory=dict)
    """The last result of `unanswerable`, by its argument."""

    @classmethod
    def of(
        cls,
        program: GraphParts,
        entries: Sequence[LogEntry],
        nodes: Sequence[Step | None],
        budget: LogBudget,
        surplus: Iterable[int] = (),
        removed: Iterable[int] = (),
    ) -> Answers:
        """Return the answers for a program. `nodes` are the deployed steps of the entries, or None.

        The `surplus` entries are runs of steps that run less often now, so that only other steps may get them. The
        `removed` entries are runs without a call in the new code. Only steps that calls give their name may get them.

        Raises TooAmbiguousError if too many steps may answer too many entries.
        """
        by_site, sites_of = _match_entries(program, entries, nodes, budget)
        for number in surplus:
            if sites_of[number].bit_count() == 1:
                by_site[sites_of[number].bit_length() - 1] &= ~(1 << number)
                sites_of[number] = 0
        for number in removed:
            name = entries[number].name
            others = [site for site in bits(sites_of[number]) if not program.may_have_name(site, name)]
            budget.comparisons -= sites_of[number].bit_count()
            sites_of[number] &= ~bit_set(others)
            for site in others:
                by_site[site] &= ~(1 << number)
        classes: dict[int, int] = {}
        for number, sites in enumerate(sites_of):
            classes[sites] = classes.get(sites, 0) | 1 << number
        by_step: dict[int, list[tuple[int, int]]] = {}
        for each in classes.items():
            for site_number in bits(each[0]):
                by_step.setdefault(site_number, []).append(each)
        return cls(entries, by_site, sites_of, classes, by_step)

    def unanswerable(self, sites: int) -> int:
        """Return the entries that can answer none of some steps, computed from those for the steps before."""
        ((before, result),) = self.unreached.items() or ((0, (1 << len(self.entries)) - 1),)
        changed = [self.by_step.get(site, ()) for site in bits(before ^ sites)]
        classes = chain.from_iterable(changed) if sum(map(len, changed)) < len(self.classes) else self.classes.items()
        for steps, entries in classes:
            result = result & ~entries if steps & sites else result | entries
        self.unreached.clear()
        self.unreached[sites] = result
        return result

    def next_of(self, site: Site, consumed: int) -> list[int]:
        """Return the entries that may answer the next call of a step, in the order of the log.

        A literal name has at most one such entry. Of the entries that can answer the same steps, only the first counts,
        because the engine numbers equal names. `consumed` are the entries that have answered a call.
        """
        stored = self.by_site[site.number] & ~consumed
        if site.kind == "sleep":
            stored = self._countable(stored, (self.by_site[site.number] & consumed).bit_count() + 1)
        numbers: list[int] = []
        while stored and len(numbers) < _MAX_ANSWERS:
            first = (stored & -stored).bit_length() - 1
            numbers.append(first)
            stored = 0 if site.pattern.is_literal else stored & ~self.classes[self.sites_of[first]]
        return numbers

    def _countable(self, stored: int, count: int) -> int:
        """Return the entries without those at the start that have a higher counter.

        Sleeps of each duration are counted separately, so a higher counter belongs to a sleep of a different duration.
        """
        while stored and self.entries[(stored & -stored).bit_length() - 1].count > count:
            stored &= stored - 1
        return stored


def _match_entries(
    program: GraphParts, entries: Sequence[LogEntry], nodes: Sequence[Step | None], budget: LogBudget
) -> tuple[list[int], list[int]]:
    """Return the entries that can answer each step, and the steps that each entry can answer.

    Raises TooAmbiguousError if the budget is exceeded.
    """
    named: dict[tuple[EntryKind, str], int] = {}
    for number, entry in enumerate(entries):
        key = (entry.kind, entry.name)
        named[key] = named.get(key, 0) | 1 << number
    by_site, sites_of = [0] * len(program.sites), [0] * len(entries)
    sites_of_name = dict.fromkeys(named, 0)
    remaining = min(ANSWER_COMPARISONS, budget.comparisons)
    for site in program.sites:
        for key in _possible_names(site, named):
            numbers = named[key]
            compared = numbers.bit_count() if site.kind == "sleep" else 1
            remaining -= compared
            budget.comparisons -= compared
            if remaining < 0:
                raise TooAmbiguousError
            if not site.matches(*key):
                continue
            if site.kind == "sleep":
                sleeps = [each for each in bits(numbers) if _may_be_sleep(as_step(site), entries[each], nodes[each])]
                by_site[site.number] |= bit_set(sleeps)
                for number in sleeps:
                    sites_of[number] |= 1 << site.number
            else:
                by_site[site.number] |= numbers
                sites_of_name[key] |= 1 << site.number
    for key, numbers in named.items():
        for number in bits(numbers):
            sites_of[number] |= sites_of_name[key]
    return by_site, sites_of


def _possible_names(site: Site, named: Mapping[tuple[EntryKind, str], int]) -> Iterable[tuple[EntryKind, str]]:
    """Return the kinds and names of the entries that may be runs of a step."""
    if not site.pattern.is_literal:
        return named
    kinds: Sequence[EntryKind] = ENTRY_KINDS if site.kind is None else (site.kind,)
    return [key for kind in kinds if (key := (kind, site.pattern.pieces[0])) in named]


def as_step(site: Site) -> Step:
    """Return the node of a site with a kind, which is a step."""
    return cast("Step", site.node)


def event_type(node: Step) -> str:
    """Return the type of the events that end a wait, or an empty string for other steps."""
    options = node.get("options") if node["type"] == "step_wait_for_event" else None
    return options["event_type"] if options else ""


def _may_be_sleep(node: Step, entry: LogEntry, deployed: Step | None) -> bool:
    if deployed is not None and deployed["type"] != node["type"]:
        # The remaining duration until a time never equals the duration of a sleep exactly.
        return False
    if node["type"] == "step_sleep_until":
        # If the expression contains the clock, the remaining duration differs from the stored one.
        return entry.outcome == "open" or _CLOCK_CALL.search(node["timestamp"]) is None
    if node["type"] != "step_sleep":
        return False
    if deployed is not None and deployed["type"] == "step_sleep":
        old, new = milliseconds_of(deployed["duration"]), milliseconds_of(node["duration"])
        if old is not None and new is not None:
            return old == new
        if is_same_duration(deployed["duration"], node["duration"]):
            return True
    return not _ended_early(node, entry)


def _ended_early(node: Step, entry: LogEntry) -> bool:
    """Return whether a sleep took less time than the duration of a step."""
    duration, elapsed = _duration_of(node), elapsed_time(entry)
    return duration is not None and elapsed is not None and elapsed + _TIMER_SLACK < duration * 0.99


def is_computed_sleep(site: Site, deployed: Step) -> bool:
    """Return whether a sleep has a duration that is unknown in the deployed or the new code."""
    node = as_step(site)
    if node["type"] != "step_sleep" or deployed["type"] != "step_sleep":
        return False
    return milliseconds_of(deployed["duration"]) is None or milliseconds_of(node["duration"]) is None


def took_longer(site: Site, entry: LogEntry) -> bool:
    """Return whether a sleep took much longer than its duration."""
    node = as_step(site)
    duration, elapsed = _duration_of(node), elapsed_time(entry)
    return duration is not None and elapsed is not None and elapsed > 2 * duration + _LONGEST_DELAY


def _duration_of(node: Step) -> float | None:
    return milliseconds_of(node["duration"]) if node["type"] == "step_sleep" else None


def elapsed_time(entry: LogEntry) -> int | None:
    """Return how long a finished entry took in milliseconds, or None if the log lacks a time."""
    if entry.outcome == "open" or entry.start is None or entry.end is None:
        return None
    return entry.end - entry.start


def has_common_word(site: Site, entry: LogEntry) -> bool:
    """Return whether the names of a step and of an entry have a word in common."""
    return not words_of(site).isdisjoint(entry.name.split())


def words_of(site: Site) -> set[str]:
    """Return the words in the known parts of the name of a step."""
    return {word for piece in site.pattern.pieces for word in piece.split()}


def is_raised(site: Site, entry: LogEntry) -> bool:
    """Return whether a call raises the stored error of its ended entry, or an error for a time in the past."""
    return entry.outcome == "failed" or (entry.outcome == "done" and site.node["type"] == "step_sleep_until")
