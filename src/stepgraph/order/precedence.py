"""The steps that are over when another step starts, for all steps of a workflow, as bit sets.

The relation of two pieces of work in a body depends on the list of nodes in which their paths diverge. Work in other
nodes of the list is in a few bit sets, so the cost of a step is proportional to the length of its path. Only steps that
a body executes through several functions are compared pair by pair.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from itertools import accumulate, combinations
from operator import or_
from typing import Final

from msgspec import Struct, field

from stepgraph.bit_sets import bits
from stepgraph.model.payload import Node, Number
from stepgraph.model.walk import is_step
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
from stepgraph.order.relation import Relation, waits_for_all
from stepgraph.order.workflow_order import NodeBody, StepReach, WorkflowOrder, WorkSite

_COLUMNS: Final = 512
"""The number of rows of a bit matrix that are transposed together."""


def predecessors(order: WorkflowOrder) -> list[int]:
    """Return, for each of `order.steps`, the steps that always precede it, as bit sets of a transitive relation.

    Precedence can be intransitive: `a` precedes `b` and `b` precedes `c`, but in an execution without `b`, `c` overlaps
    with `a`. The result then includes a predecessor only if all of its own predecessors precede the step, too. If
    precedence is transitive, the result includes every predecessor.
    """
    before_each = related(order)
    result: list[int] = []
    for before in before_each:
        qualified, remaining = 0, before
        while remaining:
            step = remaining.bit_length() - 1
            remaining ^= 1 << step
            if not before_each[step] & ~before:
                # Its own predecessors qualify as well.
                qualified |= 1 << step | (result[step] if step < len(result) else 0)
                remaining &= ~qualified
        result.append(qualified)
    return result


def immediate_predecessors(before: Sequence[int]) -> list[int]:
    """Return the transitive reduction of a strict order: the fewest edges with the same reachability, as bit sets."""
    result = []
    for earlier in before:
        immediate, remaining = 0, earlier
        while remaining:
            step = remaining.bit_length() - 1
            immediate = immediate & ~before[step] | 1 << step
            remaining &= ~(before[step] | 1 << step)
        result.append(immediate)
    return result


def related(order: WorkflowOrder) -> list[int]:
    """Return, for each of `order.steps`, the bit set of the steps that are over when it starts, whenever both run."""
    if len(set(map(id, order.steps))) < len(order.steps):
        return related_in_pairs(order, combinations(range(len(order.steps)), 2))
    return _StepMeetings(order).related()


def related_in_pairs(order: WorkflowOrder, pairs: Iterable[tuple[int, int]]) -> list[int]:
    """Return the result of `related` for pairs of steps, each in program order."""
    before = [0] * len(order.steps)
    for first, second in pairs:
        relations = order.relations(order.steps[first], order.steps[second]) - {Relation.EXCLUSIVE}
        if relations == {Relation.BEFORE}:
            before[second] |= 1 << first
        elif relations == {Relation.AFTER}:
            before[first] |= 1 << second
    return before


class _Flags(Struct, frozen=True):
    """The properties of the work of a step at a site, as in `NodeWork`."""

    outlasts: bool = False
    is_independent: bool = False

    def __or__(self, other: _Flags) -> _Flags:
        return _Flags(self.outlasts or other.outlasts, self.is_independent or other.is_independent)


class _Meetings(Struct):
    """The steps that a step meets in one execution, as bit sets. A step at several sites may be in both."""

    followers: int = 0
    """The steps that start when the step is over."""
    others: int = 0

    def add(self, meetings: _Meetings, excluded: int = 0) -> None:
        """Add other meetings, except those of the steps in a bit set."""
        self.followers |= meetings.followers & ~excluded
        self.others |= meetings.others & ~excluded


class _Level(Struct, frozen=True):
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

    def flags(self, clocks: _SiteClocks) -> _Flags:
        """Return the flags of work at the end of the path, for the bodies that execute the whole path."""
        return _Flags(not clocks.is_awaited(self, _Flags()) or self.is_abandoned, self.is_independent)


class _SiteClocks(Struct, frozen=True):
    """The clocks of a node."""

    starts: Number | None
    resolves: Number | None

    def is_awaited(self, level: _Level, flags: _Flags) -> bool:
        """Return whether work is over when the node at a level ends, provided that nothing fails."""
        if flags.outlasts or level.may_end_early:
            return False
        return level.is_concurrent if self.resolves is not None else self.starts is None


class _ListedWork(Struct, frozen=True):
    """The steps that a site below a list executes."""

    index: int
    """The index of the node with the site."""
    starts: Number | None
    steps: int
    continues: bool
    """Whether control may get from the site to the end of the node."""


class _Work(Struct, frozen=True):
    """The work of a step below the node of a list."""

    level: _Level
    flags: _Flags
    clocks: _SiteClocks
    may_precede: bool
    """Whether the work may be over when other work starts."""

    def before(self, steps: int, works: Iterable[_ListedWork]) -> _Meetings:
        """Return the meetings with `steps`, the steps of `works`, which start after the node."""
        if self.clocks.is_awaited(self.level, self.flags):
            return _Meetings(steps, 0)
        return _Meetings(0, steps) if self.clocks.resolves is None else _resolved(self.clocks.resolves, works)


def _resolved(resolves: Number, works: Iterable[_ListedWork]) -> _Meetings:
    """Return the steps of some sites, divided into those that start at the clock `resolves` or later, and others."""
    meetings = _Meetings()
    for work in works:
        if work.starts is not None and work.starts >= resolves:
            meetings.followers |= work.steps
        else:
            meetings.others |= work.steps
    return meetings


class _List(Struct, frozen=True, dict=True):
    """The work below a list of nodes."""

    nodes: NodeList
    work: list[_ListedWork] = field(default_factory=list)
    steps_of_nodes: dict[int, int] = field(default_factory=dict)
    continuing: dict[int, int] = field(default_factory=dict)
    """The steps of each node from which control may get to its end."""

    def add(self, work: _ListedWork) -> None:
        """Add the work of a site."""
        self.work.append(work)
        self.steps_of_nodes[work.index] = self.steps_of_nodes.get(work.index, 0) | work.steps
        if work.continues:
            self.continuing[work.index] = self.continuing.get(work.index, 0) | work.steps

    @cached_property
    def steps(self) -> int:
        """All steps below the list."""
        return _union(self.steps_of_nodes.values())

    @cached_property
    def repeated(self) -> int:
        """The steps with several sites below the list."""
        seen = repeated = 0
        for work in self.work:
            repeated |= seen & work.steps
            seen |= work.steps
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

    def beside(self, index: int) -> int:
        """Return the steps in all other nodes."""
        before, following = self._unions
        return before[index] | following[index + 1]

    @cached_property
    def _by_start(self) -> tuple[list[Number], list[int], list[int]]:
        """The sorted clocks at starts, and for each index, the steps with a lower clock or none, and the others."""
        timed = sorted((work for work in self.work if work.starts is not None), key=_start_of)
        untimed = _union(work.steps for work in self.work if work.starts is None)
        sets = [work.steps for work in timed]
        return (
            list(map(_start_of, timed)),
            list(accumulate(sets, or_, initial=untimed)),
            list(accumulate(sets[::-1], or_, initial=0))[::-1],
        )

    def concurrent(self, index: int, work: _Work) -> _Meetings:
        """Return the steps in other nodes that work in a node meets, if the nodes are concurrent."""
        if not work.may_precede or work.clocks.resolves is None:
            return _Meetings(0, self.beside(index))
        own = self.steps_of_nodes[index]
        if own & self.repeated:
            return _resolved(work.clocks.resolves, (other for other in self.work if other.index != index))
        starts, lower, higher = self._by_start
        position = bisect_left(starts, work.clocks.resolves)
        return _Meetings(higher[position] & ~own, lower[position] & ~own)

    def sequential(self, index: int, work: _Work) -> _Meetings:
        """Return the steps in other nodes that work in a node meets, if the nodes are in sequence."""
        later = self.later[index + 1] if work.level.continues else 0
        earlier = self.earlier[index]
        if not work.may_precede:
            return _Meetings(0, later | earlier)
        if not self.nodes.has_clocks:
            meetings = work.before(later, (other for other in self._met(index, work) if other.index > index))
            meetings.others |= earlier
            return meetings
        if work.clocks.resolves is None:
            return _Meetings(0, later | earlier)
        if self.repeated:
            return _resolved(work.clocks.resolves, self._met(index, work))
        meetings = self.concurrent(index, work)
        return _Meetings(meetings.followers & (later | earlier), meetings.others & (later | earlier))

    def _met(self, index: int, work: _Work) -> Iterator[_ListedWork]:
        """Yield the sites in other nodes that one execution may reach with `work`."""
        for other in self.work:
            earlier, following = sorted((index, other.index))
            continues = work.level.continues if other.index > index else other.continues
            if other.index != index and continues and self.nodes.may_pass(earlier + 1, following):
                yield other


def _union(sets: Iterable[int]) -> int:
    result = 0
    for each in sets:
        result |= each
    return result


def _start_of(work: _ListedWork) -> Number:
    return 0 if work.starts is None else work.starts


class _BodyWork:
    """The work in a body: the steps of each of its sites, in the lists of nodes around the site."""

    def __init__(self, body: NodeBody) -> None:
        self.sites = body.sites
        self.by_inner: dict[NodeBody, list[WorkSite]] = {}
        """The sites that execute each inner body."""
        self._exits: dict[tuple[int, int, Exits], Exits] = {}
        self._swallows: dict[int, bool] = {}
        self._lists: dict[int, _List] = {}
        self._parts: dict[int, dict[int, _List]] = {}
        """The lists of each `try` by part."""
        self._clocks: dict[int, _SiteClocks] = {}
        self._levels: dict[int, list[_Level]] = {}
        self.flags: dict[int, _Flags] = {}
        """The flags of the work of each site for the bodies that execute this body."""
        for site in self.sites:
            clocks = clocks_of(node_at(site.path))
            self._clocks[id(site)] = _SiteClocks(clocks.get("starts"), clocks.get("resolves"))
            *self._levels[id(site)], whole = self._levels_of(site.path, has_starts="starts" in clocks)
            self.flags[id(site)] = whole.flags(self._clocks[id(site)])
            if site.inner is not None:
                self.by_inner.setdefault(site.inner, []).append(site)

    def _levels_of(self, path: Path, *, has_starts: bool) -> list[_Level]:
        """Return the level of each list on a path, and then the level of the whole body."""
        levels: list[_Level] = []
        exits = NEXT
        early = concurrent = abandoned = abandoned_if_independent = False
        independent = has_starts
        for segment in reversed(path):
            levels.append(_Level("next" in exits, early, concurrent, independent, abandoned, abandoned_if_independent))
            parent = segment.parent
            if parent is not None and parent["type"] == "try" and segment.part == TRY and self._may_swallow(parent):
                abandoned_if_independent = True
                abandoned = abandoned or independent
            rest = NEXT if is_concurrent(parent) else segment.list.exits_from(segment.index + 1)
            exits = self._exits_through(parent, segment.part, exits_then(exits, rest))
            early = early or may_end_early(parent)
            if is_concurrent(parent):
                concurrent = True
                independent = independent or not waits_for_all(parent)
        levels.reverse()
        whole = _Level("next" in exits, early, concurrent, independent, abandoned, abandoned_if_independent)
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
                listed = self._lists[id(segment.list)] = _List(segment.list)
                if segment.parent is not None and segment.parent["type"] == "try":
                    self._parts.setdefault(id(segment.parent), {})[segment.part] = listed
            listed.add(_ListedWork(segment.index, starts, steps, level.continues))

    def flags_of_calls(self, sites: Iterable[WorkSite]) -> _Flags:
        """Return the flags that calls at some sites add to those of the called body."""
        flags = _Flags()
        for site in sites:
            flags |= self.flags[id(site)]
        return flags

    def meetings(self, site: WorkSite, flags: _Flags) -> _Meetings:
        """Return the steps at other sites that the work of a site meets."""
        meetings = _Meetings()
        for segment, level in zip(site.path, self._levels[id(site)], strict=True):
            abandoned = level.is_abandoned_if_independent if flags.is_independent else level.is_abandoned
            work = _Work(level, flags, self._clocks[id(site)], may_precede=not flags.outlasts and not abandoned)
            listed = self._lists[id(segment.list)]
            others_of = listed.concurrent if is_concurrent(segment.parent) else listed.sequential
            meetings.add(others_of(segment.index, work))
            if segment.parent is not None and segment.parent["type"] == "try":
                for part, other in self._parts[id(segment.parent)].items():
                    if part > segment.part and work.may_precede and not (flags.is_independent or level.is_independent):
                        meetings.add(work.before(other.steps, other.work))
                    elif part != segment.part:
                        meetings.others |= other.steps
        return meetings


class _StepMeetings:
    """The meetings of all steps of a workflow."""

    def __init__(self, order: WorkflowOrder) -> None:
        self._order = order
        self._numbers = {id(step): number for number, step in enumerate(order.steps)}
        self._bodies = _callees_first(order.run)
        self._direct = {body: [(site, self._bit(site)) for site in body.sites] for body in self._bodies}
        self._steps = self._steps_of_bodies()
        self._shared = self._shared_steps()
        """The steps that a body executes through several functions, or that are in a recursive function."""
        self._reaches = {number: order.reach(order.steps[number]) for number in bits(self._shared)}
        self._work = {body: self._work_of(body) for body in self._bodies}
        self._meetings = [_Meetings() for _ in order.steps]
        self._compared = dict.fromkeys(self._numbers.values(), 0) | dict.fromkeys(self._reaches, self._shared)
        """For each step, the steps with which it is compared directly."""

    def related(self) -> list[int]:
        """Return the result of the function `related`."""
        self._visit_bodies()
        for number, reach in self._reaches.items():
            self._visit_shared(number, reach)
        rows = [
            meetings.followers & ~meetings.others & ~self._compared[number] & ~(1 << number)
            for number, meetings in enumerate(self._meetings)
        ]
        before = []
        for number, (predecessors, meetings) in enumerate(zip(_transposed(rows), self._meetings, strict=True)):
            earlier = (1 << number) - 1
            before.append(predecessors & earlier | predecessors & ~earlier & ~meetings.followers)
        pairs = {
            (min(number, other), max(number, other))
            for number, others in self._compared.items()
            for other in bits(others)
            if number != other
        }
        compared = related_in_pairs(self._order, sorted(pairs))
        return list(map(or_, before, compared))

    def _bit(self, site: WorkSite) -> int:
        """Return the set of the step at a site, or the empty set for a call."""
        node = node_at(site.path)
        return 1 << self._numbers[id(node)] if is_step(node) else 0

    def _steps_of_bodies(self) -> dict[NodeBody, int]:
        """Return the steps that each body executes."""
        steps = {body: _union(bit for _, bit in sites) for body, sites in self._direct.items()}
        while True:
            refined = {
                body: steps[body] | _union(steps[inner] for inner in self._inner_bodies(body)) for body in self._bodies
            }
            if refined == steps:
                return steps
            steps = refined

    def _inner_bodies(self, body: NodeBody) -> Iterable[NodeBody]:
        return dict.fromkeys(site.inner for site in body.sites if site.inner is not None)

    def _shared_steps(self) -> int:
        shared = 0
        for body in self._bodies:
            seen = 0
            direct = (bit for _, bit in self._direct[body])
            for steps in (*direct, *(self._steps[inner] for inner in self._inner_bodies(body))):
                shared |= seen & steps
                seen |= steps
        return shared

    def _work_of(self, body: NodeBody) -> _BodyWork:
        work = _BodyWork(body)
        shared_of = {
            inner: _union(
                1 << number
                for number in bits(self._steps[inner] & self._shared)
                if body not in self._reaches[number].through[inner]
            )
            for inner in work.by_inner
        }
        for site, bit in self._direct[body]:
            inner = 0 if site.inner is None else self._steps[site.inner] & ~self._shared | shared_of[site.inner]
            work.place(site, bit | inner)
        return work

    def _flags_of_bodies(self) -> dict[NodeBody, dict[_Flags, int]]:
        """Return the steps of each body that are not shared, by their flags for the callers of the body."""
        flags_of: dict[NodeBody, dict[_Flags, int]] = {}
        for body in self._bodies:
            work = self._work[body]
            steps: dict[_Flags, int] = {}
            for site, bit in self._direct[body]:
                flags = work.flags[id(site)]
                steps[flags] = steps.get(flags, 0) | bit & ~self._shared
            for inner, sites in work.by_inner.items():
                for flags, bits_of_flags in flags_of.get(inner, {}).items():
                    outer = work.flags_of_calls(sites) | flags
                    steps[outer] = steps.get(outer, 0) | bits_of_flags
            flags_of[body] = {flags: each for flags, each in steps.items() if each}
        return flags_of

    def _visit_bodies(self) -> None:
        """Find the meetings of the steps that are not shared. Each has one path of calls from `run`."""
        flags_of = self._flags_of_bodies()
        outside: dict[NodeBody, dict[_Flags, _Meetings]] = {}
        for body in reversed(self._bodies):
            work, outer = self._work[body], outside.get(body, {})
            for site, bit in self._direct[body]:
                if bit & ~self._shared:
                    meetings = self._meetings[bit.bit_length() - 1]
                    meetings.add(outer.get(work.flags[id(site)], _Meetings()))
                    meetings.add(work.meetings(site, _Flags()))
                    meetings.others |= self._steps[site.inner] if site.inner is not None else 0
            for inner, sites in work.by_inner.items():
                steps = self._steps[inner]
                for flags in flags_of[inner]:
                    meetings = _Meetings()
                    meetings.add(outer.get(work.flags_of_calls(sites) | flags, _Meetings()))
                    for site in sites:
                        meetings.add(work.meetings(site, flags), steps & ~self._shared)
                        meetings.others |= self._bit(site)
                    outside.setdefault(inner, {})[flags] = meetings
                if len(sites) > 1 and steps & self._shared:
                    for number in bits(steps & ~self._shared):
                        self._compared[number] |= steps & self._shared

    def _visit_shared(self, number: int, reach: StepReach) -> None:
        """Find the meetings of a shared step with the steps that are not shared."""
        meetings = self._meetings[number]
        for body, sites in reach.sites.items():
            work = self._work[body]
            for site in sites:
                inner = site.inner
                if reach.is_at(site):
                    meetings.add(work.meetings(site, _Flags()))
                    meetings.others |= self._steps[inner] if inner is not None else 0
                elif inner is not None:
                    meetings.others |= self._bit(site)
                    if body not in reach.through[inner]:
                        flags = _Flags(inner in reach.outlasting, inner in reach.independent)
                        meetings.add(work.meetings(site, flags), self._steps[inner] & ~self._shared)


def _callees_first(run: NodeBody) -> list[NodeBody]:
    """Return the bodies that `run` executes, each after those that it executes, except for recursion."""
    result: list[NodeBody] = []
    visited = {run}
    pending: list[tuple[NodeBody, Iterator[WorkSite]]] = [(run, iter(run.sites))]
    while pending:
        body, sites = pending[-1]
        inner = next((site.inner for site in sites if site.inner is not None and site.inner not in visited), None)
        if inner is None:
            result.append(body)
            pending.pop()
        else:
            visited.add(inner)
            pending.append((inner, iter(inner.sites)))
    return result


def _transposed(rows: Sequence[int]) -> list[int]:
    """Return, for each number, the set of the rows that contain it. `rows` is a square matrix of bits."""
    size = len(rows)
    columns = [0] * size
    for first in range(0, size, _COLUMNS):
        # Strings are transposed much faster than bits of integers.
        block = [f"{row:0{size}b}" for row in reversed(rows[first : first + _COLUMNS])]
        for number, column in enumerate(zip(*block, strict=True)):
            columns[size - 1 - number] |= int("".join(column), 2) << first
    return columns
