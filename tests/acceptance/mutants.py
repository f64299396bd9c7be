"""Graphs that claim something false: each is a real one with one thing changed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import dataclass
from typing import cast

from stepgraph.model.payload import Graph, Node, StepDo, StepSleep, StepSleepUntil, StepWaitForEvent

StepNode = StepDo | StepSleep | StepSleepUntil | StepWaitForEvent


@dataclass(frozen=True, slots=True)
class Mutant:
    """A graph that is changed, what has been changed, and the steps that the change is about."""

    graph: Graph
    what: str
    steps: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Place:
    """A list of nodes in a graph, and what it is in."""

    nodes: list[Node]
    in_group: bool


Change = Callable[[Place, int], tuple[str, ...] | None]
"""Changes what stands there in a list; returns the names of the steps that this is about, or None if it cannot."""


def mutants(graph: Graph, change: Change) -> Iterator[Mutant]:
    """Yield a graph for each place in which this change can be made."""
    for number, place in enumerate(_places(graph)):
        for at in range(len(place.nodes)):
            changed = deepcopy(graph)
            there = list(_places(changed))[number]
            if (steps := change(there, at)) is not None:
                yield Mutant(changed, f"{change.__name__} at {at} of list {number}", steps)


def two_swapped(place: Place, at: int) -> tuple[str, ...] | None:
    steps = _steps(place.nodes[at : at + 2])
    if place.in_group or len(steps) < 2 or steps[0]["name"] == steps[1]["name"]:
        return None
    place.nodes[at : at + 2] = [steps[1], steps[0]]
    return _names(steps)


def one_dropped(place: Place, at: int) -> tuple[str, ...] | None:
    steps = _steps([place.nodes[at]])
    if steps:
        del place.nodes[at]
    return _names(steps) or None


def one_renamed(place: Place, at: int) -> tuple[str, ...] | None:
    names = _names(steps := _steps([place.nodes[at]]))
    for step in steps:
        step["name"] = f"not {step['name']}"
    return names or None


def one_made_to_wait(place: Place, at: int) -> tuple[str, ...] | None:
    """Let a member of a group begin only after another one that it does not wait for."""
    steps = [step for step in _steps(place.nodes[at : at + 2]) if "starts" in step and "resolves" in step]
    if not place.in_group or len(steps) < 2:
        return None
    first, second = steps
    if second["starts"] >= first["resolves"]:
        return None
    second["starts"] = first["resolves"]
    second["resolves"] = max(first["resolves"] + 1, second["resolves"])
    return _names(steps)


def branches_merged(place: Place, at: int) -> tuple[str, ...] | None:
    node = place.nodes[at]
    if node["type"] != "if" and node["type"] != "switch":
        return None
    branches = [branch["nodes"] for branch in node["branches"] if _steps(branch["nodes"])]
    if len(branches) < 2:
        return None
    place.nodes[at] = {"type": "block", "nodes": [inner for nodes in branches for inner in nodes]}
    return _names(_steps(branches[0]))[:1]


def group_made_a_sequence(place: Place, at: int) -> tuple[str, ...] | None:
    node = place.nodes[at]
    if node["type"] != "parallel" or len(steps := _steps(node["nodes"])) < 2:
        return None
    place.nodes[at] = {"type": "block", "nodes": cast("list[Node]", _unclocked(node["nodes"]))}
    return _names(steps)


def loop_made_one_pass(place: Place, at: int) -> tuple[str, ...] | None:
    node = place.nodes[at]
    if node["type"] != "loop" or not (steps := _steps(node["nodes"])) or "'break'" in repr(node):
        return None
    place.nodes[at : at + 1] = node["nodes"]
    return _names(steps)[:1]


def _places(graph: Graph) -> Iterator[Place]:
    workflow = graph["workflow"]
    yield from _below(workflow["nodes"], in_group=False)
    for function in workflow["functions"].values():
        yield from _below(function["nodes"], in_group=False)


def _below(nodes: list[Node], *, in_group: bool) -> Iterator[Place]:
    yield Place(nodes, in_group)
    for node in nodes:
        match node["type"]:
            case "parallel":
                yield from _below(node["nodes"], in_group=True)
            case "loop":
                yield from _below(node["nodes"], in_group=in_group)
            case "block" | "step_do":
                yield from _below(node["nodes"], in_group=False)
            case "if" | "switch":
                for branch in node["branches"]:
                    yield from _below(branch["nodes"], in_group=in_group)
            case "try":
                for part in ("try_block", "catch_block", "finally_block"):
                    if part in node:
                        yield from _below(node[part]["nodes"], in_group=in_group)


def _steps(nodes: list[Node]) -> list[StepNode]:
    """Return the steps right in a list."""
    return [
        node
        for node in nodes
        if node["type"] == "step_do"
        or node["type"] == "step_sleep"
        or node["type"] == "step_sleep_until"
        or node["type"] == "step_wait_for_event"
    ]


def _names(steps: list[StepNode]) -> tuple[str, ...]:
    return tuple(step["name"] for step in steps)


def _unclocked(value: object) -> object:
    """Return it without any clock."""
    if isinstance(value, list):
        return [_unclocked(one) for one in value]
    if isinstance(value, dict):
        return {key: _unclocked(one) for key, one in value.items() if key not in ("starts", "resolves")}
    return value
