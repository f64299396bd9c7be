"""x."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias

from msgspec import Struct

from stepgraph.model.payload import (
    FunctionDef,
    Node,
    StepDo,
    StepSleep,
    StepSleepUntil,
    StepWaitForEvent,
    Workflow,
)
from stepgraph.order.exits import ways_through
from stepgraph.order.paths import Path, is_concurrent, node_at, paths

Step: TypeAlias = StepDo | StepSleep | StepSleepUntil | StepWaitForEvent


class Entry(Struct, frozen=True, eq=False):
    """A node by which a run does work: a step, or a call. `inner` is the body it runs, None for a step without one."""

    path: Path
    inner: Scope | None


@dataclass(frozen=True, eq=False)
class Scope:
    """A body: that of the workflow, of a function, or of a step with others nested in it."""

    nodes: Sequence[Node]
    bodies: Mapping[str, Scope]

    @cached_property
    def entries(self) -> tuple[Entry, ...]:
        """The steps and calls that a run may come to, in the order in which they are written."""
        return tuple(self._entries())

    def _entries(self) -> Iterator[Entry]:
        for path in paths(self.nodes):
            node = node_at(path)
            if not _is_reached(path):
                continue
            if node["type"] == "step_do" and node["nodes"]:
                yield Entry(path, Scope(node["nodes"], self.bodies))
            elif node["type"] == "function_call":
                yield Entry(path, self.bodies.get(node["name"]))
            elif as_step(node) is not None:
                yield Entry(path, None)


def as_step(node: Node) -> Step | None:
    """Return the node if it is a step."""
    match node["type"]:
        case "step_do" | "step_sleep" | "step_sleep_until" | "step_wait_for_event":
            return node
        case _:
            return None


def run_of(workflow: Workflow) -> Scope:
    """Return the body of a workflow's `run`."""
    bodies: dict[str, Scope] = {}
    bodies |= {name: Scope(function["nodes"], bodies) for name, function in _functions(workflow).items()}
    return Scope(workflow["nodes"], bodies)


def scopes_below(run: Scope) -> tuple[Scope, ...]:
    """Return the bodies that a run may come to, that of `run` first, each once."""
    found = {run: None}
    pending = [run]
    while pending:
        new = [entry.inner for entry in pending.pop().entries if entry.inner is not None]
        pending += [scope for scope in dict.fromkeys(new) if scope not in found]
        found |= dict.fromkeys(new)
    return tuple(found)


def steps_in_order(run: Scope) -> Iterator[Step]:
    """Yield the steps that a run may come to, as written, those of a function at the first call of it."""
    known = {run}
    pending = list(reversed(run.entries))
    while pending:
        entry = pending.pop()
        step = as_step(node_at(entry.path))
        if step is not None:
            yield step
        if entry.inner is not None and entry.inner not in known:
            known.add(entry.inner)
            pending.extend(reversed(entry.inner.entries))


def spreading(scopes: Iterable[Scope], begins: Callable[[Entry], bool]) -> frozenset[Scope]:
    """Return the bodies with an entry that begins something, and those that run one of these bodies."""
    known = tuple(scopes)
    found: set[Scope] = set()
    while True:
        new = {
            scope
            for scope in known
            if scope not in found and any(begins(entry) or entry.inner in found for entry in scope.entries)
        }
        if not new:
            return frozenset(found)
        found |= new


def _functions(workflow: Workflow) -> dict[str, FunctionDef]:
    """Return the functions that calls may mean: the workflow's, then those of `start` nodes in it."""
    functions = dict(workflow["functions"])
    for path in paths(workflow["nodes"]):
        node = node_at(path)
        if node["type"] == "start":
            functions = {**node["functions"], **functions}
    return functions


def _is_reached(path: Path) -> bool:
    """Whether what stands before a node lets a run come to it."""
    return all(is_concurrent(turn.holder) or "on" in ways_through(turn.nodes[: turn.index]) for turn in path)
