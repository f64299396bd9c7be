"""Graphs of NetworkX. No other module imports NetworkX, because the import takes longer than most runs."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import networkx as nx

from stepgraph.bit_sets import bits
from stepgraph.model.details import Details
from stepgraph.model.payload import Node, Workflow
from stepgraph.model.span import Span
from stepgraph.order.precedence import immediate_predecessors, predecessors
from stepgraph.order.workflow_order import WorkflowOrder
from stepgraph.render.flow.control_flow import FlowNode, control_flow, step_ids

_CONTENTS = frozenset({"type", "name", "nodes", "branches", "try_block", "catch_block", "finally_block", "functions"})


def flow_graph(workflow: Workflow, details: Details, locate: Callable[[Node], Span | None]) -> nx.MultiDiGraph[str]:
    """Return the control flow. Edge keys distinguish several edges between the same nodes."""
    flow = control_flow(workflow)
    graph: nx.MultiDiGraph[str] = nx.MultiDiGraph(name=workflow["class_name"])
    for node in flow.nodes:
        source = details.source(node.node) if node.node is not None else ""
        graph.add_nodes_from([(node.id, _attributes(node, source, locate))])
    for edge in flow.edges:
        key = f"{edge.kind} {edge.label}" if edge.label else edge.kind
        graph.add_edge(edge.source, edge.target, key=key, kind=edge.kind, label=edge.label)
    return graph


def order_graph(order: WorkflowOrder, locate: Callable[[Node], Span | None]) -> nx.DiGraph[str]:
    """Return the strict order of the steps, transitively reduced."""
    graph: nx.DiGraph[str] = nx.DiGraph(name=order.workflow["class_name"])
    ids = step_ids(order.workflow)
    names = [ids[id(step)] for step in order.steps]
    for name, step in zip(names, order.steps, strict=True):
        attributes = {"type": step["type"], "name": step["name"], **_settings(step), **_location(step, locate)}
        graph.add_nodes_from([(name, attributes)])
    for name, earlier in zip(names, immediate_predecessors(predecessors(order)), strict=True):
        graph.add_edges_from((names[step], name) for step in bits(earlier))
    return graph


def _attributes(node: FlowNode, source: str, locate: Callable[[Node], Span | None]) -> dict[str, object]:
    attributes: dict[str, object] = {"type": node.type, "function": node.function}
    if node.name is not None:
        attributes["name"] = node.name
    if source:
        attributes["source"] = source
    if node.node is not None:
        attributes |= {**_settings(node.node), **_location(node.node, locate)}
    return attributes


def _settings(node: Node) -> dict[str, object]:
    """Return the fields of a node of the payload, without its type, its name and its contents."""
    fields: Mapping[str, object] = node
    return {key: value for key, value in fields.items() if key not in _CONTENTS}


def _location(node: Node, locate: Callable[[Node], Span | None]) -> dict[str, str]:
    span = locate(node)
    return {} if span is None else {"location": str(span)}
