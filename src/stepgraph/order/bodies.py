"""The bodies of a workflow: `run`, functions, and steps with nested steps."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from msgspec import Struct

from stepgraph.model.payload import FunctionDef, Node, Step, Workflow
from stepgraph.model.walk import as_step
from stepgraph.order.paths import Path, is_concurrent, node_at, paths


class WorkSite(Struct, frozen=True, eq=False):
    """A reachable step or call in a body."""

    path: Path
    """Path to the node."""
    inner: Body | None
    """The body that the node runs, None for a step without nested steps."""


@dataclass(frozen=True, eq=False)
class Body:
    """The nodes of `run`, of a function, or of a step with nested steps."""

    nodes: Sequence[Node]
    """The nodes."""
    bodies: Mapping[str, Body]
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
                yield WorkSite(path, Body(node["nodes"], self.bodies))
            elif node["type"] == "function_call":
                yield WorkSite(path, self.bodies.get(node["name"]))
            elif as_step(node) is not None:
                yield WorkSite(path, None)


def body_of(workflow: Workflow) -> Body:
    """Return the body of a workflow's `run`."""
    bodies: dict[str, Body] = {}
    bodies |= {name: Body(function["nodes"], bodies) for name, function in _all_functions(workflow).items()}
    return Body(workflow["nodes"], bodies)


def reachable_bodies(run: Body) -> tuple[Body, ...]:
    """Return the bodies that `run` executes, `run` first."""
    result = {run: None}
    pending = [run]
    while pending:
        new = [site.inner for site in pending.pop().sites if site.inner is not None]
        pending += [body for body in dict.fromkeys(new) if body not in result]
        result |= dict.fromkeys(new)
    return tuple(result)


def steps_in_order(run: Body) -> Iterator[Step]:
    """Yield the reachable steps in program order. Steps of a function come at its first call."""
    visited = {run}
    pending = list(reversed(run.sites))
    while pending:
        site = pending.pop()
        step = as_step(node_at(site.path))
        if step is not None:
            yield step
        if site.inner is not None and site.inner not in visited:
            visited.add(site.inner)
            pending.extend(reversed(site.inner.sites))


@dataclass(frozen=True, eq=False)
class SiteIndex:
    """The sites of several bodies, by the node and by the body that they execute."""

    bodies: tuple[Body, ...]
    """The bodies."""

    def sites_of(self, step: Step) -> Sequence[tuple[Body, WorkSite]]:
        """Return the sites that are the step itself, with their bodies. Steps are compared by identity."""
        return self._by_node.get(id(step), ())

    def callers(self, body: Body) -> Sequence[tuple[Body, WorkSite]]:
        """Return the sites that execute a body, with their own bodies."""
        return self._by_inner.get(body, ())

    def callers_closure(self, bodies: Iterable[Body]) -> frozenset[Body]:
        """Return bodies with all bodies that execute one of them, directly or through others."""
        result = set(bodies)
        pending = list(result)
        while pending:
            new = {caller for caller, _ in self.callers(pending.pop())} - result
            result |= new
            pending.extend(new)
        return frozenset(result)

    @cached_property
    def _by_node(self) -> Mapping[int, Sequence[tuple[Body, WorkSite]]]:
        result: dict[int, list[tuple[Body, WorkSite]]] = {}
        for body in self.bodies:
            for site in body.sites:
                result.setdefault(id(node_at(site.path)), []).append((body, site))
        return result

    @cached_property
    def _by_inner(self) -> Mapping[Body, Sequence[tuple[Body, WorkSite]]]:
        result: dict[Body, list[tuple[Body, WorkSite]]] = {}
        for body in self.bodies:
            for site in body.sites:
                if site.inner is not None:
                    result.setdefault(site.inner, []).append((body, site))
        return result


def _all_functions(workflow: Workflow) -> dict[str, FunctionDef]:
    """Return the functions by name, first of the workflow, then of its `start` nodes."""
    functions = dict(workflow["functions"])
    for path in paths(workflow["nodes"]):
        node = node_at(path)
        if node["type"] == "start":
            functions = {**node["functions"], **functions}
    return functions


def _is_reached(path: Path) -> bool:
    """Return whether control may reach the node at the end of a path."""
    return all(is_concurrent(segment.parent) or segment.list.may_pass(0, segment.index) for segment in path)
