"""The order of a workflow's steps across all bodies that contain them, and a strict partial order of all steps.

A body contains the nodes of `run`, of a function, or of a step with nested steps.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import product

from msgspec import Struct

from stepgraph.model.payload import Node, Step, Workflow
from stepgraph.model.walk import functions_of, is_step
from stepgraph.order.paths import Path, is_concurrent, node_at, paths
from stepgraph.order.relation import NodeWork, Relation, is_awaited_in, is_independent, loops_with_both, relation


@dataclass(frozen=True, eq=False)
class WorkflowOrder:
    """The order of a workflow's steps, derived from its graph. Steps are nodes of the graph, compared by identity."""

    workflow: Workflow

    @cached_property
    def steps(self) -> tuple[Step, ...]:
        """The reachable steps in program order. The steps of a function appear at its first call."""
        return tuple(_steps_in_order(self.run))

    def relations(self, first_step: Step, second_step: Step) -> frozenset[Relation]:
        """Return the relations of two different steps in one pass of each loop and one call of each function.

        Only loops and functions that contain both steps count. There are several relations if the steps run at several
        places, and none if the steps only run in different passes or calls.
        """
        first, second = self.reach(first_step), self.reach(second_step)
        return frozenset(
            relation(first.work(site), second.work(other_site))
            for body, site, other_site in _site_pairs(first, second)
            if _diverge(first, site, second, other_site)
            and (
                site is other_site
                or _may_share_execution(body, first.bodies_through(site), second.bodies_through(other_site))
            )
        )

    def may_overlap(self, first_step: Step, second_step: Step) -> bool:
        """Return whether two runs of the steps may be concurrent, in the same pass or in different ones."""
        first, second = self.reach(first_step), self.reach(second_step)
        return any(
            _passes_overlap(first, site, second, other_site)
            or (
                _diverge(first, site, second, other_site)
                and relation(first.work(site), second.work(other_site)) is Relation.OVERLAPPING
            )
            for _, site, other_site in _site_pairs(first, second)
        )

    @cached_property
    def run(self) -> NodeBody:
        """The body of the workflow's `run`."""
        return _body_of(self.workflow)

    @cached_property
    def _index(self) -> SiteIndex:
        return SiteIndex(_reachable_bodies(self.run))

    @cached_property
    def _reaches(self) -> dict[int, StepReach]:
        """The `StepReach` of each step that was queried, by identity."""
        return {}

    def reach(self, step: Step) -> StepReach:
        """Return the bodies and sites that execute a step."""
        reach = self._reaches.get(id(step))
        if reach is None:
            reach = self._reaches[id(step)] = _reach_of(step, self._index)
        return reach


def _site_pairs(first: StepReach, second: StepReach) -> Iterator[tuple[NodeBody, WorkSite, WorkSite]]:
    """Yield each body that executes both steps, with each pair of a site of the first and a site of the second."""
    for body, sites in first.sites.items():
        for site, other_site in product(sites, second.sites.get(body, ())):
            yield body, site, other_site


def _diverge(first: StepReach, site: WorkSite, second: StepReach, other_site: WorkSite) -> bool:
    """Return whether the paths to two steps diverge at two sites: at different nodes, or at a step around the other."""
    return site is not other_site or first.is_at(site) != second.is_at(site)


def _may_share_execution(body: NodeBody, through: frozenset[NodeBody], other_through: frozenset[NodeBody]) -> bool:
    """Return whether work at two sites may belong to one execution of each function around both.

    The answer is False if the sites lead into one function by different calls, or if a site leads back into the body.
    """
    return body not in through | other_through and not through & other_through


def _passes_overlap(first: StepReach, site: WorkSite, second: StepReach, other_site: WorkSite) -> bool:
    """Return whether a pass of a loop around both sites may start before another pass is over."""
    work, other_work = first.work(site), second.work(other_site)
    return any(
        is_concurrent or not is_awaited_in(work, level) or not is_awaited_in(other_work, level)
        for level, is_concurrent in loops_with_both(site.path, other_site.path)
    )


_WHOLE_BODY = -1


class StepReach(Struct, frozen=True, eq=False):
    """The bodies that execute a step, and the sites at which they do."""

    step: Step
    bodies: frozenset[NodeBody]
    """Bodies that contain the step or execute such a body."""
    outlasting: frozenset[NodeBody]
    """Bodies that may end before the step does."""
    independent: frozenset[NodeBody]
    """Bodies in which the step continues after a failure of other work."""
    sites: Mapping[NodeBody, Sequence[WorkSite]]
    """The sites that execute the step in each of `bodies`."""
    through: Mapping[NodeBody, frozenset[NodeBody]]
    """For each of `bodies`, the bodies on every call path from it to the step, including itself."""

    def is_at(self, site: WorkSite) -> bool:
        """Return whether a site is the step itself."""
        return node_at(site.path) is self.step

    def work(self, site: WorkSite) -> NodeWork:
        """Return the work that the step does at a site."""
        if self.is_at(site):
            return NodeWork(site.path)
        return NodeWork(
            site.path, outlasts=site.inner in self.outlasting, is_independent=site.inner in self.independent
        )

    def bodies_through(self, site: WorkSite) -> frozenset[NodeBody]:
        """Return the bodies on every call path from a site to the step, or none if the site is the step."""
        return frozenset() if self.is_at(site) or site.inner is None else self.through[site.inner]


def _reach_of(step: Step, index: SiteIndex) -> StepReach:
    """Return the bodies that execute a step, and the sites at which they do."""
    homes = index.sites_of(step)
    bodies = index.callers_closure(body for body, _ in homes)
    sites: dict[NodeBody, list[WorkSite]] = {body: [] for body in bodies}
    for body, site in homes:
        sites[body].append(site)
    for body in bodies:
        for caller, site in index.callers(body):
            if node_at(site.path) is not step:
                sites[caller].append(site)

    def containing(is_wanted: Callable[[WorkSite], bool]) -> frozenset[NodeBody]:
        return index.callers_closure(body for body in bodies if any(map(is_wanted, sites[body])))

    return StepReach(
        step,
        bodies,
        outlasting=containing(lambda site: not is_awaited_in(NodeWork(site.path), _WHOLE_BODY)),
        independent=containing(lambda site: is_independent(NodeWork(site.path), _WHOLE_BODY)),
        sites=sites,
        through=_dominating_bodies(step, sites),
    )


def _dominating_bodies(step: Step, sites: Mapping[NodeBody, Sequence[WorkSite]]) -> dict[NodeBody, frozenset[NodeBody]]:
    """Return the value of `StepReach.through`, computed as a greatest fixpoint."""
    result = dict.fromkeys(sites, frozenset(sites))
    while True:
        refined = {body: _on_all_paths(body, step, sites[body], result) for body in sites}
        if refined == result:
            return result
        result = refined


def _on_all_paths(
    body: NodeBody, step: Step, sites: Sequence[WorkSite], result: Mapping[NodeBody, frozenset[NodeBody]]
) -> frozenset[NodeBody]:
    alternatives = [result[site.inner] for site in sites if site.inner is not None and site.inner in result]
    if any(node_at(site.path) is step for site in sites):
        alternatives.append(frozenset())
    return frozenset({body}).union(frozenset.intersection(*alternatives))


class WorkSite(Struct, frozen=True, eq=False):
    """A reachable step or call in a body."""

    path: Path
    """Path to the node."""
    inner: NodeBody | None
    """The body that the node runs, or None for a step without nested steps and for a call of an unknown function."""


@dataclass(frozen=True, eq=False)
class NodeBody:
    """The nodes of `run`, of a function, or of a step with nested steps."""

    nodes: Sequence[Node]
    bodies: Mapping[str, NodeBody]
    """The bodies of functions by name."""

    @cached_property
    def sites(self) -> tuple[WorkSite, ...]:
        """The reachable steps and calls in program order."""
        return tuple(self._sites())

    def _sites(self) -> Iterator[WorkSite]:
        for path in paths(self.nodes):
            node = node_at(path)
            if not _is_reached(path):
                continue
            if node["type"] == "step_do" and node["nodes"]:
                yield WorkSite(path, NodeBody(node["nodes"], self.bodies))
            elif node["type"] == "function_call":
                yield WorkSite(path, self.bodies.get(node["name"]))
            elif is_step(node):
                yield WorkSite(path, None)


def _body_of(workflow: Workflow) -> NodeBody:
    """Return the body of a workflow's `run`."""
    bodies: dict[str, NodeBody] = {}
    bodies |= {name: NodeBody(function["nodes"], bodies) for name, function in functions_of(workflow).items()}
    return NodeBody(workflow["nodes"], bodies)


def _reachable_bodies(run: NodeBody) -> tuple[NodeBody, ...]:
    """Return the bodies that `run` executes, `run` first."""
    result = {run: None}
    pending = [run]
    while pending:
        new = [site.inner for site in pending.pop().sites if site.inner is not None]
        pending += [body for body in dict.fromkeys(new) if body not in result]
        result |= dict.fromkeys(new)
    return tuple(result)


def _steps_in_order(run: NodeBody) -> Iterator[Step]:
    """Yield the reachable steps in program order. The steps of a function appear at its first call."""
    visited = {run}
    pending = list(reversed(run.sites))
    while pending:
        site = pending.pop()
        node = node_at(site.path)
        if is_step(node):
            yield node
        if site.inner is not None and site.inner not in visited:
            visited.add(site.inner)
            pending.extend(reversed(site.inner.sites))


def _is_reached(path: Path) -> bool:
    """Return whether control may reach the node at the end of a path."""
    return all(is_concurrent(segment.parent) or segment.list.may_pass(0, segment.index) for segment in path)


@dataclass(frozen=True, eq=False)
class SiteIndex:
    """The sites of several bodies, indexed by their node and by the body that they execute."""

    bodies: tuple[NodeBody, ...]

    def sites_of(self, step: Step) -> Sequence[tuple[NodeBody, WorkSite]]:
        """Return the sites that are the step itself, by identity, each after the body that contains it."""
        return self._by_node.get(id(step), ())

    def callers(self, body: NodeBody) -> Sequence[tuple[NodeBody, WorkSite]]:
        """Return the sites that execute a body, each after the body that contains it."""
        return self._by_inner.get(body, ())

    def callers_closure(self, bodies: Iterable[NodeBody]) -> frozenset[NodeBody]:
        """Return `bodies` and all bodies that execute one of them, directly or indirectly."""
        result = set(bodies)
        pending = list(result)
        while pending:
            new = {caller for caller, _ in self.callers(pending.pop())} - result
            result |= new
            pending.extend(new)
        return frozenset(result)

    @cached_property
    def _by_node(self) -> Mapping[int, Sequence[tuple[NodeBody, WorkSite]]]:
        result: dict[int, list[tuple[NodeBody, WorkSite]]] = {}
        for body in self.bodies:
            for site in body.sites:
                result.setdefault(id(node_at(site.path)), []).append((body, site))
        return result

    @cached_property
    def _by_inner(self) -> Mapping[NodeBody, Sequence[tuple[NodeBody, WorkSite]]]:
        result: dict[NodeBody, list[tuple[NodeBody, WorkSite]]] = {}
        for body in self.bodies:
            for site in body.sites:
                if site.inner is not None:
                    result.setdefault(site.inner, []).append((body, site))
        return result
