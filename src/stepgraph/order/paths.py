"""Paths to the nodes of a body, through the lists of nodes around them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final, TypeAlias, cast

from msgspec import Struct

from stepgraph.model.payload import Block, Node

TRY: Final = 0
CATCH: Final = 1
FINALLY: Final = 2
"""The parts of a `try` in the order of execution."""

_BLOCKS: Final = ((TRY, "try_block"), (CATCH, "catch_block"), (FINALLY, "finally_block"))
_LEAVES: Final = frozenset(
    {
        "step_do",
        "step_sleep",
        "step_sleep_until",
        "step_wait_for_event",
        "function_call",
        "function_def",
        "break",
    }
)
_SEQUENCES: Final = frozenset({"loop", "block", "start"})


class PathSegment(Struct, frozen=True, eq=False):
    """A list of nodes on a path, and an index in it."""

    parent: Node | None
    """The node that contains the list, None for the body itself."""
    part: int
    """Identity of the list in its parent: the number of a branch, or `TRY`, `CATCH` or `FINALLY`."""
    nodes: Sequence[Node]
    """The list."""
    index: int
    """Index of the next node on the path."""

    @property
    def node(self) -> Node:
        """The next node on the path."""
        return self.nodes[self.index]


Path: TypeAlias = tuple[PathSegment, ...]


def node_at(path: Path) -> Node:
    """Return the node at the end of a path."""
    return path[-1].node


def executed_lists(node: Node) -> list[tuple[int, Sequence[Node]]]:
    """Return the lists of nodes that run as part of a node, by part.

    Steps nested in a step and functions are separate bodies.
    """
    if node["type"] == "if" or node["type"] == "switch":
        return [(number, branch["nodes"]) for number, branch in enumerate(node["branches"])]
    if node["type"] == "try":
        blocks = cast("Mapping[str, Block]", node)
        return [(part, blocks[key]["nodes"]) for part, key in _BLOCKS if key in blocks]
    if node["type"] in _LEAVES:
        return []
    # All other types, also those of later versions, have one list.
    nodes = cast("dict[str, object]", node).get("nodes")
    return [(0, cast("list[Node]", nodes))] if isinstance(nodes, list) else []


def may_end_early(node: Node | None) -> bool:
    """Return whether a node may end before its contents do: races and unknown types."""
    if node is None or node["type"] in {*_SEQUENCES, "if", "switch", "try"}:
        return False
    return node["type"] != "parallel" or node["kind"] in {"any", "race"}


def is_concurrent(node: Node | None) -> bool:
    """Return whether the direct contents of a node may run concurrently, unless clocks order them."""
    return may_end_early(node) or (node is not None and node["type"] == "parallel")


def paths(body: Sequence[Node]) -> Iterator[Path]:
    """Yield the path to each node of a body in program order."""
    pending: list[Path] = [(PathSegment(None, 0, body, index),) for index in reversed(range(len(body)))]
    while pending:
        path = pending.pop()
        yield path
        node = node_at(path)
        inner = [
            PathSegment(node, part, nodes, index) for part, nodes in executed_lists(node) for index in range(len(nodes))
        ]
        pending.extend((*path, segment) for segment in reversed(inner))
