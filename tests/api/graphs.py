"""Graphs and analyses for tests without an analysis."""

from __future__ import annotations

from stepgraph.analysis import WorkflowAnalysis
from stepgraph.model.note import Note
from stepgraph.model.payload import Graph, Node
from stepgraph.model.span import Span

SPAN = Span("orders.py", 4, 1, 6, 40)


def graph_of(*nodes: Node) -> Graph:
    """Return the graph of a workflow without functions."""
    return {"version": 1, "workflow": {"class_name": "Orders", "functions": {}, "nodes": list(nodes)}}


def sleep(name: str) -> Node:
    """Return a step that sleeps for an hour."""
    return {"type": "step_sleep", "name": name, "duration": "1 hour"}


def step(name: str, *nodes: Node) -> Node:
    """Return a step with steps in its body."""
    return {
        "type": "step_do",
        "name": name,
        "config": {"retries": {"limit": 5, "delay": 1000, "backoff": "exponential"}, "timeout": "10 minutes"},
        "nodes": list(nodes),
    }


def workflow(graph: Graph | None, *notes: Note) -> WorkflowAnalysis:
    """Return the analysis of a workflow `orders` with the class `Orders` in the project `shop`."""
    return WorkflowAnalysis("orders", "Orders", SPAN.path, lambda: SPAN, graph, notes, "shop")
