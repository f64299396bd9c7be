"""The order and nesting of the nodes of a function, for tests that must not walk its ancestors."""

from __future__ import annotations

import libcst as cst
from msgspec import Struct

from stepgraph.syntax.module import SourceModule
from stepgraph.syntax.walk import children


class Extents(Struct, frozen=True):
    """The number of each node of a function in source order, and the number of its last descendant, by `id`."""

    ranges: dict[int, tuple[int, int]]

    def start(self, node: cst.CSTNode) -> int:
        """Return the number of a node. Nodes outside of the function, such as its parameters, have the number -1."""
        return self.ranges.get(id(node), (-1, -1))[0]

    def end(self, node: cst.CSTNode) -> int:
        """Return the number of the last descendant of a node."""
        return self.ranges.get(id(node), (-1, -1))[1]

    def encloses(self, outer: cst.CSTNode, inner: cst.CSTNode) -> bool:
        """Return whether a node is another node or one of its descendants."""
        start, end = self.ranges.get(id(outer), (0, -1))
        return start <= self.start(inner) <= end


def extents_of(function: cst.FunctionDef, module: SourceModule) -> Extents:
    """Return the extents of the nodes in the body of a function, memoized."""
    return module.once_for(function, _extents)


def _extents(function: cst.FunctionDef, module: SourceModule) -> Extents:
    nodes: list[cst.CSTNode] = []
    pending: list[cst.CSTNode] = [function.body]
    while pending:
        node = pending.pop()
        nodes.append(node)
        pending += reversed(children(node))
    sizes = {id(node): 1 for node in nodes}
    for node in reversed(nodes[1:]):
        sizes[id(module.parents[id(node)])] += sizes[id(node)]
    return Extents({id(node): (start, start + sizes[id(node)] - 1) for start, node in enumerate(nodes)})
