"""Paths to the nodes of a body, through the lists of nodes around them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias

from msgspec import Struct

from stepgraph.model.payload import Node
from stepgraph.order.exits import NEXT, Exits, exits_of, exits_then, exits_through
from stepgraph.order.structure import clocks_of, executed_lists, is_concurrent


@dataclass(frozen=True, eq=False)
class NodeList:
    """A list of nodes. What it takes a pass over the list to find out is computed once, for all pairs of its nodes."""

    nodes: Sequence[Node]
    """The nodes."""

    @cached_property
    def has_clocks(self) -> bool:
        """Whether clocks order the nodes. Nested groups have separate clocks."""
        pending = list(self.nodes)
        while pending:
            node = pending.pop()
            if clocks_of(node):
                return True
            if not is_concurrent(node):
                pending.extend(inner for _, nested in executed_lists(node) for inner in nested)
        return False

    def exits_from(self, index: int) -> Exits:
        """Return the exits of the nodes from an index on, which run in sequence."""
        return self._suffix_exits[index]

    def may_pass(self, begin: int, end: int) -> bool:
        """Return whether control may get from the node at `begin` to the one at `end`, which is not earlier."""
        return self._first_barriers[begin] >= end

    @cached_property
    def _node_exits(self) -> list[Exits]:
        return [exits_of((node,)) for node in self.nodes]

    @cached_property
    def _suffix_exits(self) -> list[Exits]:
        """The exits of the nodes from each index on."""
        suffixes = [NEXT]
        for exits in reversed(self._node_exits):
            suffixes.append(exits_then(exits, suffixes[-1]))
        return suffixes[::-1]

    @cached_property
    def _first_barriers(self) -> list[int]:
        """The index of the first node from each index on that control never passes; the length of the list if none."""
        size = len(self.nodes)
        barriers = [size]
        for index in reversed(range(size)):
            barriers.append(barriers[-1] if "next" in self._node_exits[index] else index)
        return barriers[::-1]


class PathSegment(Struct, frozen=True, eq=False):
    """A list of nodes on a path, and an index in it."""

    parent: Node | None
    """The node that contains the list, None for the body itself."""
    part: int
    """Identity of the list in its parent: the number of a branch, or `TRY`, `CATCH` or `FINALLY`."""
    list: NodeList
    """The list, which all paths through it share."""
    index: int
    """Index of the next node on the path."""

    @property
    def node(self) -> Node:
        """The next node on the path."""
        return self.list.nodes[self.index]


Path: TypeAlias = tuple[PathSegment, ...]


def node_at(path: Path) -> Node:
    """Return the node at the end of a path."""
    return path[-1].node


def may_continue(path: Path, level: int, end: int) -> bool:
    """Return whether control may get from a node to the one at index `end` of the list at `level` of its path.

    Only the current iteration of the loops around that list counts.
    """
    exits = NEXT
    for segment in reversed(path[level + 1 :]):
        rest = NEXT if is_concurrent(segment.parent) else segment.list.exits_from(segment.index + 1)
        exits = exits_through(segment.parent, segment.part, exits_then(exits, rest))
    segment = path[level]
    return "next" in exits and segment.list.may_pass(segment.index + 1, end)


def paths(body: Sequence[Node]) -> Iterator[Path]:
    """Yield the path to each node of a body in program order."""
    whole = NodeList(body)
    pending: list[Path] = [(PathSegment(None, 0, whole, index),) for index in reversed(range(len(body)))]
    while pending:
        path = pending.pop()
        yield path
        node = node_at(path)
        inner = [
            PathSegment(node, part, nodes, index)
            for part, nodes in ((part, NodeList(nodes)) for part, nodes in executed_lists(node))
            for index in range(len(nodes.nodes))
        ]
        pending.extend((*path, segment) for segment in reversed(inner))
