"""The order that a version graph claims, read from the payload independently of `stepgraph.order`."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

from stepgraph.model.payload import Graph, Node, StepDo


def claimed_order(graph: Graph) -> frozenset[tuple[str, str]]:
    """Return the pairs of steps where the first ends before the second starts, for a graph without branches."""
    return frozenset(_in_sequence(graph["workflow"]["nodes"]))


def steps_of(nodes: list[Node], *, certain: bool = False) -> Iterator[StepDo]:
    """Yield the steps in nodes, including groups and blocks. With `certain`, branches are skipped."""
    for node in nodes:
        match node["type"]:
            case "step_do":
                yield node
            case "parallel" | "block":
                yield from steps_of(node["nodes"], certain=certain)
            case "if" if not certain:
                for branch in node["branches"]:
                    yield from steps_of(branch["nodes"])


def _in_sequence(nodes: list[Node]) -> Iterator[tuple[str, str]]:
    """Yield the pairs of steps in a sequence, where all awaited work is over before the next node."""
    for node in nodes:
        yield from _inside(node)
    for first, second in combinations(nodes, 2):
        for earlier in steps_of([first]):
            if "resolves" in earlier or "starts" not in earlier:
                yield from ((earlier["name"], later["name"]) for later in steps_of([second]))


def _in_group(nodes: list[Node]) -> Iterator[tuple[str, str]]:
    """Yield the pairs of steps in a group, where only clocks determine the order."""
    for node in nodes:
        yield from _inside(node)
    for first in nodes:
        for second in nodes:
            if first is not second:
                yield from _by_clocks(first, second)


def _by_clocks(first: Node, second: Node) -> Iterator[tuple[str, str]]:
    for earlier in steps_of([first]):
        for later in steps_of([second]):
            if "resolves" in earlier and "starts" in later and earlier["resolves"] <= later["starts"]:
                yield earlier["name"], later["name"]


def _inside(node: Node) -> Iterator[tuple[str, str]]:
    match node["type"]:
        case "parallel":
            yield from _in_group(node["nodes"])
        case "block":
            yield from _in_sequence(node["nodes"])
