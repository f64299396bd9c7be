"""The order and nesting of the nodes of a function, for tests that must not walk its ancestors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import libcst as cst
from msgspec import Struct

from stepgraph.syntax.module import once_per_code
from stepgraph.syntax.walk import children

_OUTSIDE: Final = (-1, -1)
"""The range of nodes outside of the function."""


class Extents(Struct, frozen=True):
    """The number of each node of a function in source order, and the number of its last descendant, by `id`."""

    ranges: dict[int, tuple[int, int]]

    def start(self, node: cst.CSTNode) -> int:
        """Return the number of a node. Nodes outside of the function, such as its parameters, have the number -1."""
        return self.ranges.get(id(node), _OUTSIDE)[0]

    def end(self, node: cst.CSTNode) -> int:
        """Return the number of the last descendant of a node."""
        return self.ranges.get(id(node), _OUTSIDE)[1]

    def inside(self, outer: cst.CSTNode, nodes: Sequence[cst.CSTNode]) -> list[cst.CSTNode]:
        """Return the nodes that another node encloses."""
        ranges = self.ranges
        start, end = ranges.get(id(outer), (0, -1))
        return [node for node in nodes if start <= ranges.get(id(node), _OUTSIDE)[0] <= end]

    def after(self, earlier: cst.CSTNode, nodes: Sequence[cst.CSTNode]) -> list[cst.CSTNode]:
        """Return the nodes after the last descendant of another node."""
        ranges, end = self.ranges, self.end(earlier)
        return [node for node in nodes if ranges.get(id(node), _OUTSIDE)[0] > end]

    def encloses(self, outer: cst.CSTNode, inner: cst.CSTNode) -> bool:
        """Return whether a node is another node or one of its descendants."""
        start, end = self.ranges.get(id(outer), (0, -1))
        return start <= self.start(inner) <= end


@once_per_code
def extents_of(function: cst.FunctionDef) -> Extents:
    """Return the extents of the nodes in the body of a function."""
    ranges: dict[int, tuple[int, int]] = {}
    count = 0
    # Nodes to visit, and the `id` and number of each node at the end of its descendants.
    pending: list[cst.CSTNode | tuple[int, int]] = [function.body]
    while pending:
        node = pending.pop()
        if isinstance(node, tuple):
            key, start = node
            ranges[key] = (start, count - 1)
            continue
        below = children(node)
        if below:
            pending.append((id(node), count))
            below.reverse()
            pending += below
        else:
            ranges[id(node)] = (count, count)
        count += 1
    return Extents(ranges)
