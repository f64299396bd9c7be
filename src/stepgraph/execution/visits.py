"""The runs of the regions of a graph, as far as a log proves them.

Each log entry with a known place is a run of its step, inside runs of the regions around the step. These runs form a
tree of visits: two entries share a visit if they have the same calls and loop passes down to its region.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from functools import reduce
from typing import TypeAlias

from msgspec import Struct, field

from stepgraph.execution.matching.match import LoopPass, Place
from stepgraph.execution.parts import Path
from stepgraph.execution.regions import Region

_Label: TypeAlias = tuple[Region, LoopPass | None]
"""A region, and for a pass of a loop the pass."""


class Visit(Struct, eq=False):
    """A run of a region, or a pass of a loop."""

    region: Region
    loop_pass: LoopPass | None
    """The pass, or None for the run of the region as a whole."""
    outer: Visit | None
    """The visit around it."""
    inner: dict[_Label, Visit] = field(default_factory=dict)
    entries: list[int] = field(default_factory=list)
    """The positions of the entries inside it, in the log."""
    own_entries: int = 0
    """The number of entries that are runs of the region itself, a step."""
    count: int = 1
    """The minimum number of runs. Runs in passes that the log does not distinguish share a visit."""

    def block(self, kind: str) -> Visit | None:
        """Return the visit of the child of this kind, or None."""
        return next((visit for visit in self.inner.values() if visit.region.kind == kind), None)

    def enclosing(self) -> Iterator[Visit]:
        """Yield the visits around this one, innermost first."""
        visit = self.outer
        while visit is not None:
            yield visit
            visit = visit.outer

    @property
    def is_unnumbered_pass(self) -> bool:
        """Whether the visit represents all passes of a loop that the log does not distinguish."""
        return self.loop_pass is not None and self.loop_pass.number is None


class InstanceVisits(Struct):
    """The visits of an instance."""

    regions: Mapping[Path, Region]
    visits: list[Visit] = field(default_factory=list)
    """All visits, each before those inside it."""
    leaves: dict[int, Visit] = field(default_factory=dict)
    """The visit of the step of an entry, by position. Entries without a certain place have none."""
    entries: defaultdict[Path, list[int]] = field(default_factory=lambda: defaultdict(list))
    """The positions of the entries that are certainly inside a region, or runs of a step, by path."""
    possible: Counter[Path] = field(default_factory=Counter)
    """The number of entries that are possibly, but not certainly, inside a region or runs of a step."""
    _roots: dict[_Label, Visit] = field(default_factory=dict)
    _enclosing: dict[Path, tuple[Region, ...]] = field(default_factory=dict)
    """The region at a path and those around it, outermost first."""
    _ambiguous: dict[tuple[tuple[Path, tuple[Path, ...]], ...], tuple[AbstractSet[Path], AbstractSet[Path]]] = field(
        default_factory=dict
    )
    """The certain and the possible regions of ambiguous entries."""

    @classmethod
    def of(cls, regions: Mapping[Path, Region], places: Sequence[Sequence[Place]]) -> InstanceVisits:
        """Return the visits of the entries with these possible places."""
        visits = cls(regions)
        for position, alternatives in enumerate(places):
            visits._add(position, alternatives)
        for visit in visits.visits:
            if visit.loop_pass is None:
                visits.entries[visit.region.path] += visit.entries
        for path, positions in visits.entries.items():
            visits.entries[path] = sorted(set(positions))
        visits._count()
        return visits

    def by_path(self) -> dict[Path, list[Visit]]:
        """Return the visits by the paths of their regions. Passes of loops are in separate visits."""
        by_path: dict[Path, list[Visit]] = defaultdict(list)
        for visit in self.visits:
            by_path[visit.region.path].append(visit)
        return by_path

    def at(self, place: Place) -> Iterator[Visit]:
        """Yield the visits in which a step at a place would begin, outermost first."""
        visits = self._roots
        for label in self._labels(place):
            visit = visits.get(label)
            if visit is None:
                return
            yield visit
            visits = visit.inner

    def paths(self, place: Place) -> set[Path]:
        """Return the paths of the step at a place, and of the regions around it and its calls."""
        elements = (path for path in (*place.calls, place.path) if path in self.regions)
        return {region.path for path in elements for region in self._regions_to(path)}

    def _add(self, position: int, alternatives: Sequence[Place]) -> None:
        key = tuple(dict.fromkeys((place.path, place.calls) for place in alternatives))
        if len(key) == 1:
            self._visit(position, merged(alternatives))
        elif key:
            if key not in self._ambiguous:
                paths = [self.paths(Place(path, calls)) for path, calls in key]
                certain = set.intersection(*paths)
                self._ambiguous[key] = certain, set.union(*paths) - certain
            certain_paths, possible_paths = self._ambiguous[key]
            for path in certain_paths:
                self.entries[path].append(position)
            self.possible.update(possible_paths)

    def _visit(self, position: int, place: Place) -> None:
        visits, outer = self._roots, None
        for label in self._labels(place):
            visit = visits.get(label)
            if visit is None:
                visit = visits[label] = Visit(*label, outer)
                self.visits.append(visit)
            visit.entries.append(position)
            visits, outer = visit.inner, visit
        if outer is not None:
            outer.own_entries += 1
            self.leaves[position] = outer

    def _labels(self, place: Place) -> Iterator[_Label]:
        passes = iter(place.passes)
        for path in (*place.calls, place.path):
            if path not in self.regions:
                return
            for region in self._regions_to(path):
                yield region, None
                if region.kind == "loop":
                    yield region, next(passes, LoopPass(region.path, None))

    def _regions_to(self, path: Path) -> tuple[Region, ...]:
        if path not in self._enclosing:
            region = self.regions[path]
            self._enclosing[path] = (*reversed([*region.enclosing()]), region)
        return self._enclosing[path]

    def _count(self) -> None:
        """Count the runs of each visit. The most frequent step in a visit determines the number.

        Only passes without numbers and the attempts of a step can share a visit.
        """
        shared: set[Visit] = set()
        for visit in self.visits:
            outer = visit.outer
            is_shared = outer is not None and (outer in shared or _is_step(outer))
            if is_shared or visit.is_unnumbered_pass:
                shared.add(visit)
        for visit in reversed(self.visits):
            if visit in shared:
                visit.count = max(visit.count, visit.own_entries)
            outer = visit.outer
            if outer is not None and not visit.is_unnumbered_pass and not _is_step(outer) and outer in shared:
                outer.count = max(outer.count, visit.count)


def merged(places: Sequence[Place]) -> Place:
    """Return the common part of places with the same path: the outer calls, and the numbers of passes."""
    first = places[0]
    calls = reduce(_common_start, (place.calls for place in places))
    loops = {tuple(each.loop for each in place.passes) for place in places}
    if len(loops) != 1:
        return Place(first.path, calls)
    by_loop = zip(*(place.passes for place in places), strict=True)
    passes = tuple(each[0] if len(set(each)) == 1 else LoopPass(each[0].loop, None) for each in by_loop)
    return Place(first.path, calls, passes)


def _common_start(first: tuple[Path, ...], second: tuple[Path, ...]) -> tuple[Path, ...]:
    length = next((n for n, pair in enumerate(zip(first, second, strict=False)) if pair[0] != pair[1]), None)
    return first[: min(len(first), len(second)) if length is None else length]


def _is_step(visit: Visit) -> bool:
    return visit.region.kind == "step_do"
