"""What a version graph claims: which step is over before which other begins (GRAMMAR of the payload, read anew)."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

from stepgraph.model.payload import Graph, Node, StepDo


def claimed_order(graph: Graph) -> frozenset[tuple[str, str]]:
    """Return the pairs of steps of a graph without branches, of which the first is over before the second begins."""
    return frozenset(_in_sequence(graph["workflow"]["nodes"]))


def steps_of(nodes: list[Node], *, certain: bool = False) -> Iterator[StepDo]:
    """Yield the steps in nodes, those of groups and blocks too; the `certain` ones are in no branch."""
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
    """One after another: all that is not shown to go on is over before the next."""
    for node in nodes:
        yield from _inside(node)
    for one, other in combinations(nodes, 2):
        for earlier in steps_of([one]):
            if "resolves" in earlier or "starts" not in earlier:
                yield from ((earlier["name"], later["name"]) for later in steps_of([other]))


def _in_group(nodes: list[Node]) -> Iterator[tuple[str, str]]:
    """Clocks alone order the members of a group."""
    for node in nodes:
        yield from _inside(node)
    for one in nodes:
        for other in nodes:
            if one is not other:
                yield from _by_clocks(one, other)


def _by_clocks(one: Node, other: Node) -> Iterator[tuple[str, str]]:
    for earlier in steps_of([one]):
        for later in steps_of([other]):
            if "resolves" in earlier and "starts" in later and earlier["resolves"] <= later["starts"]:
                yield earlier["name"], later["name"]


def _inside(node: Node) -> Iterator[tuple[str, str]]:
    match node["type"]:
        case "parallel":
            yield from _in_group(node["nodes"])
        case "block":
            yield from _in_sequence(node["nodes"])
