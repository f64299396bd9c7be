"""The graph of one workflow."""

from __future__ import annotations

from stepgraph.model.schema.base import IfKnown, Model, Number
from stepgraph.model.schema.nodes import FunctionDef, Node
from stepgraph.model.schema.values import Shape


class Workflow(Model):
    """A workflow class: its nodes, the functions they call, and what is read of its payload."""

    class_name: str
    functions: dict[str, FunctionDef]
    nodes: list[Node]
    payload: IfKnown[Shape] = None


class Graph(Model):
    """A workflow under the version of the graph format."""

    version: Number
    workflow: Workflow
