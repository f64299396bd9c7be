"""The steps that are over when another step starts, for all steps of a workflow, as bit sets.

The relation of two pieces of work in a body depends on the list of nodes in which their paths diverge. Work in other
nodes of the list is in a few bit sets, so the cost of a step is proportional to the length of its path. Only steps that
a body executes through several functions are compared pair by pair.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import combinations
from operator import or_

from stepgraph.bit_sets import bits, transposed
from stepgraph.model.walk import is_step
from stepgraph.order.body_work import BodyWork, Flags, StepRelations, union
from stepgraph.order.paths import node_at
from stepgraph.order.relation import Relation
from stepgraph.order.workflow_order import NodeBody, StepReach, WorkflowOrder, WorkSite


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
    return _WorkflowRelations(order).related()


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


class _WorkflowRelations:
    """The relations of all steps of a workflow."""

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
        self._relations = [StepRelations() for _ in order.steps]
        self._compared = dict.fromkeys(self._numbers.values(), 0) | dict.fromkeys(self._reaches, self._shared)
        """For each step, the steps with which it is compared directly."""

    def related(self) -> list[int]:
        """Return the result of the function `related`."""
        self._visit_bodies()
        for number, reach in self._reaches.items():
            self._visit_shared(number, reach)
        rows = [
            relations.followers & ~relations.others & ~self._compared[number] & ~(1 << number)
            for number, relations in enumerate(self._relations)
        ]
        before = []
        for number, (predecessors, relations) in enumerate(zip(transposed(rows), self._relations, strict=True)):
            earlier = (1 << number) - 1
            before.append(predecessors & earlier | predecessors & ~earlier & ~relations.followers)
        pairs = {
            (min(number, second), max(number, second))
            for number, compared_steps in self._compared.items()
            for second in bits(compared_steps)
            if number != second
        }
        compared = related_in_pairs(self._order, sorted(pairs))
        return list(map(or_, before, compared))

    def _bit(self, site: WorkSite) -> int:
        """Return the set of the step at a site, or the empty set for a call."""
        node = node_at(site.path)
        return 1 << self._numbers[id(node)] if is_step(node) else 0

    def _steps_of_bodies(self) -> dict[NodeBody, int]:
        """Return the steps that each body executes."""
        steps = {body: union(bit for _, bit in sites) for body, sites in self._direct.items()}
        while True:
            refined = {
                body: steps[body] | union(steps[inner] for inner in self._inner_bodies(body)) for body in self._bodies
            }
            if refined == steps:
                return steps
            steps = refined

    def _inner_bodies(self, body: NodeBody) -> Iterable[NodeBody]:
        return dict.fromkeys(site.inner for site in body.sites if site.inner is not None)

    def _shared_steps(self) -> int:
        shared = 0
        for body in self._bodies:
            previous_steps = 0
            direct = (bit for _, bit in self._direct[body])
            for steps in (*direct, *(self._steps[inner] for inner in self._inner_bodies(body))):
                shared |= previous_steps & steps
                previous_steps |= steps
        return shared

    def _work_of(self, body: NodeBody) -> BodyWork:
        work = BodyWork(body)
        shared_of = {
            inner: union(
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

    def _flags_of_bodies(self) -> dict[NodeBody, dict[Flags, int]]:
        """Return the steps of each body that are not shared, by their flags for the callers of the body."""
        flags_of: dict[NodeBody, dict[Flags, int]] = {}
        for body in self._bodies:
            work = self._work[body]
            steps: dict[Flags, int] = {}
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
        """Find the relations of the steps that are not shared. Each has one path of calls from `run`."""
        flags_of = self._flags_of_bodies()
        outside: dict[NodeBody, dict[Flags, StepRelations]] = {}
        for body in reversed(self._bodies):
            work, outer = self._work[body], outside.get(body, {})
            for site, bit in self._direct[body]:
                if bit & ~self._shared:
                    relations = self._relations[bit.bit_length() - 1]
                    relations.add(outer.get(work.flags[id(site)], StepRelations()))
                    relations.add(work.relations(site, Flags()))
                    relations.others |= self._steps[site.inner] if site.inner is not None else 0
            for inner, sites in work.by_inner.items():
                steps = self._steps[inner]
                for flags in flags_of[inner]:
                    relations = StepRelations()
                    relations.add(outer.get(work.flags_of_calls(sites) | flags, StepRelations()))
                    for site in sites:
                        relations.add(work.relations(site, flags), steps & ~self._shared)
                        relations.others |= self._bit(site)
                    outside.setdefault(inner, {})[flags] = relations
                if len(sites) > 1 and steps & self._shared:
                    for number in bits(steps & ~self._shared):
                        self._compared[number] |= steps & self._shared

    def _visit_shared(self, number: int, reach: StepReach) -> None:
        """Find the relations of a shared step with the steps that are not shared."""
        relations = self._relations[number]
        for body, sites in reach.sites.items():
            work = self._work[body]
            for site in sites:
                inner = site.inner
                if reach.is_at(site):
                    relations.add(work.relations(site, Flags()))
                    relations.others |= self._steps[inner] if inner is not None else 0
                elif inner is not None:
                    relations.others |= self._bit(site)
                    if body not in reach.through[inner]:
                        flags = Flags(inner in reach.outlasting, inner in reach.independent)
                        relations.add(work.relations(site, flags), self._steps[inner] & ~self._shared)


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
