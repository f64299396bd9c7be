"""Graphs that claim something false: each is a real one with one thing changed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import dataclass
from typing import cast

from stepgraph.model.payload import Graph, Node

Tree = dict[str, object]


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
    nodes = place.nodes
    if place.in_group or at + 1 >= len(nodes) or not (_is_step(nodes[at]) and _is_step(nodes[at + 1])):
        return None
    if nodes[at]["name"] == nodes[at + 1]["name"]:
        return None
    nodes[at : at + 2] = nodes[at + 1], nodes[at]
    return _names(nodes[at : at + 2])


def one_dropped(place: Place, at: int) -> tuple[str, ...] | None:
    node = place.nodes[at]
    if not _is_step(node):
        return None
    del place.nodes[at]
    return _names([node])


def one_renamed(place: Place, at: int) -> tuple[str, ...] | None:
    node = place.nodes[at]
    if not _is_step(node):
        return None
    names = _names([node])
    node["name"] = f"not {node['name']}"
    return names


def one_made_to_wait(place: Place, at: int) -> tuple[str, ...] | None:
    """Let a member of a group begin only after another one that it does not wait for."""
    if at + 1 >= len(place.nodes):
        return None
    first, second = cast("Tree", place.nodes[at]), cast("Tree", place.nodes[at + 1])
    if not (place.in_group and _is_step(first) and _is_step(second) and "resolves" in first and "resolves" in second):
        return None
    over = cast("int", first["resolves"])
    if cast("int", second["starts"]) >= over:
        return None
    second |= {"starts": over, "resolves": max(over + 1, cast("int", second["resolves"]))}
    return _names(place.nodes[at : at + 2])


def branches_merged(place: Place, at: int) -> tuple[str, ...] | None:
    node = place.nodes[at]
    if node["type"] not in ("if", "switch"):
        return None
    branches = [branch["nodes"] for branch in node["branches"] if _certain(branch["nodes"])]
    if len(branches) < 2:
        return None
    place.nodes[at] = {"type": "block", "nodes": [node for nodes in branches for node in nodes]}
    return (_certain(branches[0])[0],)


def group_made_a_sequence(place: Place, at: int) -> tuple[str, ...] | None:
    node = place.nodes[at]
    if node["type"] != "parallel" or len(steps := _certain(node["nodes"])) < 2:
        return None
    place.nodes[at] = {"type": "block", "nodes": [_unclocked(member) for member in node["nodes"]]}
    return tuple(steps)


def loop_made_one_pass(place: Place, at: int) -> tuple[str, ...] | None:
    node = place.nodes[at]
    if node["type"] != "loop" or not (steps := _certain(node["nodes"])) or "'break'" in repr(node):
        return None
    place.nodes[at : at + 1] = node["nodes"]
    return tuple(steps[:1])


CHANGES: tuple[Change, ...] = (
    two_swapped,
    one_dropped,
    one_renamed,
    one_made_to_wait,
    branches_merged,
    group_made_a_sequence,
    loop_made_one_pass,
)


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


def _is_step(node: object) -> bool:
    return cast("Tree", node)["type"] in ("step_do", "step_sleep", "step_sleep_until", "step_wait_for_event")


def _names(nodes: list[Node]) -> tuple[str, ...]:
    return tuple(node["name"] for node in nodes if "name" in node)


def _certain(nodes: list[Node]) -> list[str]:
    """Return the names of the steps right in a list."""
    return [cast("str", cast("Tree", node)["name"]) for node in nodes if _is_step(node)]


def _unclocked(node: Node) -> Node:
    left = {key: value for key, value in node.items() if key not in ("starts", "resolves")}
    return cast("Node", left)
