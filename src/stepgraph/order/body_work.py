"""The relations of the work at a site of a body to the other steps of an execution, as bit sets.

The relation of two pieces of work in a body depends on the list of nodes in which their paths diverge. Each list has a
few bit sets of the steps below it, so the cost of a site is proportional to the length of its path.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator
from functools import cached_property
from itertools import accumulate
from operator import or_

from msgspec import Struct, field

from stepgraph.model.payload import Node, Number
from stepgraph.order.paths import (
    NEXT,
    TRY,
    Exits,
    NodeList,
    Path,
    clocks_of,
    exits_then,
    exits_through,
    is_concurrent,
    may_end_early,
    may_swallow,
    node_at,
)
from stepgraph.order.relation import waits_for_all
from stepgraph.order.workflow_order import NodeBody, WorkSite


class Flags(Struct, frozen=True):
    """The properties of the work of a step at a site, as in `NodeWork`."""

    outlasts: bool = False
    is_independent: bool = False

    def __or__(self, other: Flags) -> Flags:
        return Flags(self.outlasts or other.outlasts, self.is_independent or other.is_independent)


class StepRelations(Struct):
    """The other steps in an execution with a step, as bit sets. A step at several sites may be in both."""

    followers: int = 0
    """The steps that start when the step is over."""
    others: int = 0

    def add(self, relations: StepRelations, excluded: int = 0) -> None:
        """Add other relations, except those to the steps in a bit set."""
        self.followers |= relations.followers & ~excluded
        self.others |= relations.others & ~excluded


class Level(Struct, frozen=True):
    """The part of a path below one of its lists: below the node of the path in that list."""

    continues: bool
    """Whether control may get from the end of the path to the end of the node."""
    may_end_early: bool
    """Whether a node below may end before its contents."""
    is_concurrent: bool
    is_independent: bool
    """Whether the work may continue after a failure of other work."""
    is_abandoned: bool
    """Whether a caught failure may leave the work running."""
    is_abandoned_if_independent: bool

    def flags(self, clocks: SiteClocks) -> Flags:
        """Return the flags of work at the end of the path, for the bodies that execute the whole path."""
        return Flags(not clocks.is_awaited(self, Flags()) or self.is_abandoned, self.is_independent)


class SiteClocks(Struct, frozen=True):
    """The clocks of a node."""

    starts: Number | None
    resolves: Number | None

    def is_awaited(self, level: Level, flags: Flags) -> bool:
        """Return whether work is over when the node at a level ends, provided that nothing fails."""
        if flags.outlasts or level.may_end_early:
            return False
        return level.is_concurrent if self.resolves is not None else self.starts is None


class ListedWork(Struct, frozen=True):
    """The steps that a site below a list executes."""

    index: int
    """The index of the node with the site."""
    starts: Number | None
    steps: int
    continues: bool
    """Whether control may get from the site to the end of the node."""


class WorkBelow(Struct, frozen=True):
    """The work of a step below the node of a list."""

    level: Level
    flags: Flags
    clocks: SiteClocks
    may_precede: bool
    """Whether the work may be over when other work starts."""

    def before(self, steps: int, works: Iterable[ListedWork]) -> StepRelations:
        """Return the relations to `steps`, the steps of `works`, which start after the node."""
        if self.clocks.is_awaited(self.level, self.flags):
            return StepRelations(steps, 0)
        return StepRelations(0, steps) if self.clocks.resolves is None else _resolved(self.clocks.resolves, works)


def _resolved(resolves: Number, works: Iterable[ListedWork]) -> StepRelations:
    """Return the steps of some sites, divided into those that start at the clock `resolves` or later, and others."""
    relations = StepRelations()
    for work in works:
        if work.starts is not None and work.starts >= resolves:
            relations.followers |= work.steps
        else:
            relations.others |= work.steps
    return relations


class WorkList(Struct, frozen=True, dict=True):
    """The work below a list of nodes."""

    nodes: NodeList
    work: list[ListedWork] = field(default_factory=list)
    steps_of_nodes: dict[int, int] = field(default_factory=dict)
    continuing: dict[int, int] = field(default_factory=dict)
    """The steps of each node from which control may get to its end."""

    def add(self, work: ListedWork) -> None:
        """Add the work of a site."""
        self.work.append(work)
        self.steps_of_nodes[work.index] = self.steps_of_nodes.get(work.index, 0) | work.steps
        if work.continues:
            self.continuing[work.index] = self.continuing.get(work.index, 0) | work.steps

    @cached_property
    def steps(self) -> int:
        """All steps below the list."""
        return union(self.steps_of_nodes.values())

    @cached_property
    def repeated(self) -> int:
        """The steps with several sites below the list."""
        previous_steps = repeated = 0
        for work in self.work:
            repeated |= previous_steps & work.steps
            previous_steps |= work.steps
        return repeated

    @cached_property
    def later(self) -> list[int]:
        """For each index, the steps in that node and in the nodes that control may enter after it."""
        later = [0]
        for index in reversed(range(len(self.nodes.nodes))):
            after = later[-1] if self.nodes.may_pass(index, index + 1) else 0
            later.append(self.steps_of_nodes.get(index, 0) | after)
        return later[::-1]

    @cached_property
    def earlier(self) -> list[int]:
        """For each index, the steps in earlier nodes from which control may get to that node."""
        earlier = [0]
        for index in range(len(self.nodes.nodes)):
            before = earlier[-1] if self.nodes.may_pass(index, index + 1) else 0
            earlier.append(self.continuing.get(index, 0) | before)
        return earlier

    @cached_property
    def _unions(self) -> tuple[list[int], list[int]]:
        """For each index, the steps in the nodes before it, and in the nodes from it on."""
        nodes = [self.steps_of_nodes.get(index, 0) for index in range(len(self.nodes.nodes))]
        return list(accumulate(nodes, or_, initial=0)), list(accumulate(nodes[::-1], or_, initial=0))[::-1]

    def steps_outside(self, index: int) -> int:
        """Return the steps in all other nodes."""
        before, following = self._unions
        return before[index] | following[index + 1]

    @cached_property
    def _by_start(self) -> tuple[list[Number], list[int], list[int]]:
        """The sorted start clocks, and for each index, the steps with a lower clock or none, and all other steps."""
        timed = sorted((work for work in self.work if work.starts is not None), key=_start_of)
        untimed = union(work.steps for work in self.work if work.starts is None)
        sets = [work.steps for work in timed]
        return (
            list(map(_start_of, timed)),
            list(accumulate(sets, or_, initial=untimed)),
            list(accumulate(sets[::-1], or_, initial=0))[::-1],
        )

    def concurrent(self, index: int, work: WorkBelow) -> StepRelations:
        """Return the steps in other nodes that work in a node meets, if the nodes are concurrent."""
        if not work.may_precede or work.clocks.resolves is None:
            return StepRelations(0, self.steps_outside(index))
        node_steps = self.steps_of_nodes[index]
        if node_steps & self.repeated:
            return _resolved(work.clocks.resolves, (site_work for site_work in self.work if site_work.index != index))
        starts, lower, higher = self._by_start
        position = bisect_left(starts, work.clocks.resolves)
        return StepRelations(higher[position] & ~node_steps, lower[position] & ~node_steps)

    def sequential(self, index: int, work: WorkBelow) -> StepRelations:
        """Return the steps in other nodes that work in a node meets, if the nodes are in sequence."""
        later = self.later[index + 1] if work.level.continues else 0
        earlier = self.earlier[index]
        if not work.may_precede:
            return StepRelations(0, later | earlier)
        if not self.nodes.has_clocks:
            relations = work.before(
                later, (site_work for site_work in self._reached_sites(index, work) if site_work.index > index)
            )
            relations.others |= earlier
            return relations
        if work.clocks.resolves is None:
            return StepRelations(0, later | earlier)
        if self.repeated:
            return _resolved(work.clocks.resolves, self._reached_sites(index, work))
        relations = self.concurrent(index, work)
        return StepRelations(relations.followers & (later | earlier), relations.others & (later | earlier))

    def _reached_sites(self, index: int, work: WorkBelow) -> Iterator[ListedWork]:
        """Yield the sites in other nodes that one execution may reach with `work`."""
        for site_work in self.work:
            earlier, following = sorted((index, site_work.index))
            continues = work.level.continues if site_work.index > index else site_work.continues
            if site_work.index != index and continues and self.nodes.may_pass(earlier + 1, following):
                yield site_work


def union(sets: Iterable[int]) -> int:
    """Return the union of bit sets."""
    result = 0
    for each in sets:
        result |= each
    return result


def _start_of(work: ListedWork) -> Number:
    return 0 if work.starts is None else work.starts


class BodyWork:
    """The work in a body: the steps of each of its sites, in the lists of nodes around the site."""

    def __init__(self, body: NodeBody) -> None:
        self.sites = body.sites
        self.by_inner: dict[NodeBody, list[WorkSite]] = {}
        """The sites that execute each inner body."""
        self._exits: dict[tuple[int, int, Exits], Exits] = {}
        self._swallows: dict[int, bool] = {}
        self._lists: dict[int, WorkList] = {}
        self._parts: dict[int, dict[int, WorkList]] = {}
        """The lists of each `try` by part."""
        self._clocks: dict[int, SiteClocks] = {}
        self._levels: dict[int, list[Level]] = {}
        self.flags: dict[int, Flags] = {}
        """The flags of the work of each site for the bodies that execute this body."""
        for site in self.sites:
            clocks = clocks_of(node_at(site.path))
            self._clocks[id(site)] = SiteClocks(clocks.get("starts"), clocks.get("resolves"))
            *self._levels[id(site)], whole = self._levels_of(site.path, has_starts="starts" in clocks)
            self.flags[id(site)] = whole.flags(self._clocks[id(site)])
            if site.inner is not None:
                self.by_inner.setdefault(site.inner, []).append(site)

    def _levels_of(self, path: Path, *, has_starts: bool) -> list[Level]:
        """Return the level of each list on a path, and then the level of the whole body."""
        levels: list[Level] = []
        exits = NEXT
        early = concurrent = abandoned = abandoned_if_independent = False
        independent = has_starts
        for segment in reversed(path):
            levels.append(Level("next" in exits, early, concurrent, independent, abandoned, abandoned_if_independent))
            parent = segment.parent
            if parent is not None and parent["type"] == "try" and segment.part == TRY and self._may_swallow(parent):
                abandoned_if_independent = True
                abandoned = abandoned or independent
            later_exits = NEXT if is_concurrent(parent) else segment.list.exits_from(segment.index + 1)
            exits = self._exits_through(parent, segment.part, exits_then(exits, later_exits))
            early = early or may_end_early(parent)
            if is_concurrent(parent):
                concurrent = True
                independent = independent or not waits_for_all(parent)
        levels.reverse()
        whole = Level("next" in exits, early, concurrent, independent, abandoned, abandoned_if_independent)
        return [*levels, whole]

    def _may_swallow(self, node: Node) -> bool:
        if id(node) not in self._swallows:
            self._swallows[id(node)] = node["type"] == "try" and may_swallow(node)
        return self._swallows[id(node)]

    def _exits_through(self, parent: Node | None, part: int, exits: Exits) -> Exits:
        key = id(parent), part, exits
        if key not in self._exits:
            self._exits[key] = exits_through(parent, part, exits)
        return self._exits[key]

    def place(self, site: WorkSite, steps: int) -> None:
        """Add the steps that a site executes to the lists around it."""
        starts = self._clocks[id(site)].starts
        for segment, level in zip(site.path, self._levels[id(site)], strict=True):
            listed = self._lists.get(id(segment.list))
            if listed is None:
                listed = self._lists[id(segment.list)] = WorkList(segment.list)
                if segment.parent is not None and segment.parent["type"] == "try":
                    self._parts.setdefault(id(segment.parent), {})[segment.part] = listed
            listed.add(ListedWork(segment.index, starts, steps, level.continues))

    def flags_of_calls(self, sites: Iterable[WorkSite]) -> Flags:
        """Return the flags that calls at some sites add to those of the called body."""
        flags = Flags()
        for site in sites:
            flags |= self.flags[id(site)]
        return flags

    def relations(self, site: WorkSite, flags: Flags) -> StepRelations:
        """Return the steps at other sites that the work of a site meets."""
        relations = StepRelations()
        for segment, level in zip(site.path, self._levels[id(site)], strict=True):
            abandoned = level.is_abandoned_if_independent if flags.is_independent else level.is_abandoned
            work = WorkBelow(level, flags, self._clocks[id(site)], may_precede=not flags.outlasts and not abandoned)
            listed = self._lists[id(segment.list)]
            others_of = listed.concurrent if is_concurrent(segment.parent) else listed.sequential
            relations.add(others_of(segment.index, work))
            if segment.parent is not None and segment.parent["type"] == "try":
                for part, work_of_part in self._parts[id(segment.parent)].items():
                    if part > segment.part and work.may_precede and not (flags.is_independent or level.is_independent):
                        relations.add(work.before(work_of_part.steps, work_of_part.work))
                    elif part != segment.part:
                        relations.others |= work_of_part.steps
        return relations
