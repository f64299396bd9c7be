"""The entries of the steps inside a finished step, whose body does not run again."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from functools import reduce
from operator import or_
from typing import Final

from msgspec import Struct, field

from stepgraph.bit_sets import bits
from stepgraph.execution.log import LogEntry
from stepgraph.execution.parts import GraphParts, Path, Site
from stepgraph.model.walk import children, walk
from stepgraph.replay.answers import Answers, as_step
from stepgraph.replay.deployed import DeployedRun

_LAST_CHARACTER: Final = "\U0010ffff"


class NestedEntries(Struct, eq=False):
    """Finds the entries of nested steps, as bit sets."""

    program: GraphParts
    entries: Sequence[LogEntry]
    answers: Answers
    deployed: DeployedRun | None = None
    """The run under the deployed code, in which nested steps may have had other names."""
    _sites: list[tuple[Path, int]] = field(default_factory=list)
    """The paths of all steps and their numbers, sorted."""
    _below: dict[Path, int] = field(default_factory=dict)
    """The entries of the steps whose paths start with a text, by this text."""
    _inside: dict[int, int] = field(default_factory=dict)
    """The entries of the steps inside a step, by its number."""
    _counterparts: dict[int, int] = field(default_factory=dict)
    """The entries whose deployed step corresponds to a step, by its number."""

    def __post_init__(self) -> None:
        self._sites = sorted((site.path, site.number) for site in self.program.sites)
        for entry, sites in enumerate(() if self.deployed is None else self.deployed.sites):
            for site in sites:
                self._counterparts[site] = self._counterparts.get(site, 0) | 1 << entry

    def possible(self, site: Site) -> int:
        """Return the entries of the steps in the nodes of a step, and in the functions called there."""
        if site.kind != "step" or not children(as_step(site)):
            return 0
        if site.number not in self._inside:
            called = {node["name"] for node in walk([as_step(site)]) if node["type"] == "function_call"}
            starts = [f"{site.path}.nodes", *(f'functions["{name}"].nodes' for name in called)]
            self._inside[site.number] = reduce(or_, map(self._entries_below, starts))
        return self._inside[site.number]

    def _entries_below(self, start: Path) -> int:
        if start not in self._below:
            first, end = bisect_left(self._sites, (start, -1)), bisect_left(self._sites, (start + _LAST_CHARACTER, -1))
            numbers = (number for _, number in self._sites[first:end])
            entries = (self.answers.by_site[number] | self._counterparts.get(number, 0) for number in numbers)
            self._below[start] = reduce(or_, entries, 0)
        return self._below[start]

    def during(self, site: Site, entry: LogEntry) -> int:
        """Return the entries of the steps inside a step that an entry answers."""
        if entry.outcome == "open":
            return 0
        possible = ((number, self.entries[number]) for number in bits(self.possible(site)))
        return sum(1 << number for number, other in possible if other is not entry and _is_during(other, entry))


def _is_during(entry: LogEntry, outer: LogEntry) -> bool:
    if entry.start is None or outer.start is None or outer.end is None:
        return False
    return outer.start <= entry.start <= outer.end
