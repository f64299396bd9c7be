"""Findings at every node of a graph."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from stepgraph.model.payload import Graph, Node
from stepgraph.model.walk import functions_of, walk
from stepgraph.render.findings import LEVELS, FindingLevel, ShownFinding


def finding(level: FindingLevel, node: Node | None = None, message: str = "unknown unit `min`.") -> ShownFinding:
    """Return a finding of the rule SG205 at a node."""
    return ShownFinding(level, "SG205", message, node=node)


def findings_everywhere(graph: Graph) -> Sequence[ShownFinding]:
    """Return findings of all levels: one or several for each node, and one for no node."""
    return [finding("warning"), *_findings(graph)]


def _findings(graph: Graph) -> Iterator[ShownFinding]:
    workflow = graph["workflow"]
    for index, node in enumerate(walk([*workflow["nodes"], *functions_of(workflow).values()])):
        count = 120 if index % 7 == 6 else index % 2 + 1
        yield from [finding(LEVELS[index % len(LEVELS)], node)] * count
