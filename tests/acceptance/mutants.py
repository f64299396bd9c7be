"""Mutants: real graphs with one change that makes them wrong."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import dataclass
from typing import cast

from stepgraph.model.payload import Graph, Node
from tests.acceptance.construction import StepNode


@dataclass(frozen=True, slots=True)
class Mutant:
    """A changed graph, a description of the change, and the affected steps."""

    graph: Graph
    description: str
    steps: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class NodeList:
    """A list of nodes in a graph, and whether it belongs to a group."""

    nodes: list[Node]
    in_group: bool


Mutation = Callable[[NodeList, int], tuple[str, ...] | None]
"""Changes the node at an index of a list. Returns the names of the affected steps, or None if it does not apply."""


def mutants(graph: Graph, mutation: Mutation) -> Iterator[Mutant]:
    """Yield a mutant for each node that the mutation applies to."""
    for number, node_list in enumerate(_node_lists(graph)):
        for at in range(len(node_list.nodes)):
            changed = deepcopy(graph)
            there = list(_node_lists(changed))[number]
            if (steps := mutation(there, at)) is not None:
                yield Mutant(changed, f"{mutation.__name__} at {at} of list {number}", steps)


def swap_steps(node_list: NodeList, at: int) -> tuple[str, ...] | None:
    steps = _steps(node_list.nodes[at : at + 2])
    if node_list.in_group or len(steps) < 2 or steps[0]["name"] == steps[1]["name"]:
        return None
    node_list.nodes[at : at + 2] = [steps[1], steps[0]]
    return _names(steps)


def drop_step(node_list: NodeList, at: int) -> tuple[str, ...] | None:
    steps = _steps([node_list.nodes[at]])
    if steps:
        del node_list.nodes[at]
    return _names(steps) or None


def rename_step(node_list: NodeList, at: int) -> tuple[str, ...] | None:
    names = _names(steps := _steps([node_list.nodes[at]]))
    for step in steps:
        step["name"] = f"not {step['name']}"
    return names or None


def delay_member(node_list: NodeList, at: int) -> tuple[str, ...] | None:
    """Delay a member of a group until another, independent member is over."""
    steps = [step for step in _steps(node_list.nodes[at : at + 2]) if "starts" in step and "resolves" in step]
    if not node_list.in_group or len(steps) < 2:
        return None
    first, second = steps
    if second["starts"] >= first["resolves"]:
        return None
    second["starts"] = first["resolves"]
    second["resolves"] = max(first["resolves"] + 1, second["resolves"])
    return _names(steps)


def merge_branches(node_list: NodeList, at: int) -> tuple[str, ...] | None:
    node = node_list.nodes[at]
    if node["type"] != "if" and node["type"] != "switch":
        return None
    branches = [branch["nodes"] for branch in node["branches"] if _steps(branch["nodes"])]
    if len(branches) < 2:
        return None
    node_list.nodes[at] = {"type": "block", "nodes": [inner for nodes in branches for inner in nodes]}
    return _names(_steps(branches[0]))[:1]


def serialize_group(node_list: NodeList, at: int) -> tuple[str, ...] | None:
    node = node_list.nodes[at]
    if node["type"] != "parallel" or len(steps := _steps(node["nodes"])) < 2:
        return None
    node_list.nodes[at] = {"type": "block", "nodes": cast("list[Node]", _without_clocks(node["nodes"]))}
    return _names(steps)


def unroll_loop_once(node_list: NodeList, at: int) -> tuple[str, ...] | None:
    node = node_list.nodes[at]
    if node["type"] != "loop" or not (steps := _steps(node["nodes"])) or "'break'" in repr(node):
        return None
    node_list.nodes[at : at + 1] = node["nodes"]
    return _names(steps)[:1]


def _node_lists(graph: Graph) -> Iterator[NodeList]:
    workflow = graph["workflow"]
    yield from _nested_lists(workflow["nodes"], in_group=False)
    for function in workflow["functions"].values():
        yield from _nested_lists(function["nodes"], in_group=False)


def _nested_lists(nodes: list[Node], *, in_group: bool) -> Iterator[NodeList]:
    yield NodeList(nodes, in_group)
    for node in nodes:
        match node["type"]:
            case "parallel":
                yield from _nested_lists(node["nodes"], in_group=True)
            case "loop":
                yield from _nested_lists(node["nodes"], in_group=in_group)
            case "block" | "step_do":
                yield from _nested_lists(node["nodes"], in_group=False)
            case "if" | "switch":
                for branch in node["branches"]:
                    yield from _nested_lists(branch["nodes"], in_group=in_group)
            case "try":
                for part in ("try_block", "catch_block", "finally_block"):
                    if part in node:
                        yield from _nested_lists(node[part]["nodes"], in_group=in_group)


def _steps(nodes: list[Node]) -> list[StepNode]:
    """Return the steps directly in a list."""
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


def _without_clocks(value: object) -> object:
    """Return the value without clocks."""
    if isinstance(value, list):
        return [_without_clocks(item) for item in value]
    if isinstance(value, dict):
        return {key: _without_clocks(item) for key, item in value.items() if key not in ("starts", "resolves")}
    return value
