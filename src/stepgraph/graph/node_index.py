"""The innermost node of a graph whose code contains a location."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from functools import cached_property
from typing import TYPE_CHECKING, TypeAlias

from msgspec import Struct

from stepgraph.graph.places import Places
from stepgraph.model.span import Span
from stepgraph.model.walk import walk

if TYPE_CHECKING:
    from stepgraph.model.payload import Graph, Node

_Position: TypeAlias = tuple[int, int]
"""A line and a column, from 1."""


class _NodeRange(Struct, frozen=True):
    """A range of source code that belongs to a node."""

    span: Span
    node: Node
    outer: _NodeRange | None
    """The innermost other region that contains this one, if any."""


class NodeIndex:
    """Finds nodes by source location. The index is computed on first use, because it needs the spans of all nodes."""

    def __init__(self, graph: Graph | None, places: Places) -> None:
        self._graph = graph
        self._places = places

    def innermost(self, span: Span) -> Node | None:
        """Return the innermost node whose code contains `span`, or None if there is none.

        The code of a step is its declaration, the function below it, and its call. If several nodes have the same code,
        such as two runs of a step, the result is the first of them.
        """
        starts, regions = self._regions.get(span.path, ([], []))
        position = bisect_right(starts, (span.line, span.column))
        region = regions[position - 1] if position else None
        while region is not None and not region.span.encloses(span):
            region = region.outer
        return None if region is None else region.node

    @cached_property
    def _regions(self) -> dict[str, tuple[list[_Position], list[_NodeRange]]]:
        """The starts of all regions in a file and the regions, such that inner regions follow outer ones."""
        code = [] if self._graph is None else list(self._code(self._graph))
        # Of equal regions, the first one comes last.
        code.reverse()
        code.sort(key=lambda pair: (pair[0].line, pair[0].column, -pair[0].end_line, -pair[0].end_column))
        by_path: dict[str, tuple[list[_Position], list[_NodeRange]]] = {}
        for span, node in code:
            starts, regions = by_path.setdefault(span.path, ([], []))
            outer = regions[-1] if regions else None
            while outer is not None and not outer.span.encloses(span):
                outer = outer.outer
            starts.append((span.line, span.column))
            regions.append(_NodeRange(span, node, outer))
        return by_path

    def _code(self, graph: Graph) -> Iterator[tuple[Span, Node]]:
        for node in _nodes_of(graph):
            for place in self._places.regions_of(node):
                yield place.span, node


def _nodes_of(graph: Graph) -> Iterator[Node]:
    """Yield all nodes, including functions, in document order."""
    workflow = graph["workflow"]
    yield from walk(workflow["nodes"])
    for function in workflow["functions"].values():
        yield function
        yield from walk(function["nodes"])
