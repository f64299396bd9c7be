"""The nodes around each node of a graph, and the calls of its functions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property

from msgspec import Struct

from stepgraph.model.payload import Block, Branch, FunctionCall, FunctionDef, Node, Workflow
from stepgraph.model.walk import blocks_in, children, functions_of, walk_workflow


class EnclosingNode(Struct, frozen=True):
    """A node or a function around another node."""

    node: Node
    part: Branch | Block | None = None
    """The branch or block that contains the other node, if the node has branches or blocks."""


class EnclosingNodes(Struct, dict=True):
    """The nodes around each node of a workflow. Nodes are compared by identity."""

    workflow: Workflow

    @cached_property
    def functions(self) -> Mapping[str, FunctionDef]:
        """The functions by name."""
        return functions_of(self.workflow)

    @cached_property
    def calls(self) -> Mapping[str, Sequence[FunctionCall]]:
        """The calls of each function that is called, by its name."""
        calls: dict[str, list[FunctionCall]] = {}
        for node in walk_workflow(self.workflow):
            if node["type"] == "function_call" and node["name"] in self.functions:
                calls.setdefault(node["name"], []).append(node)
        return calls

    def inside_body(self, node: Node) -> Iterator[EnclosingNode]:
        """Yield the nodes around a node, innermost first, up to the function that contains it, or to `run`."""
        while (outer := self._outer.get(id(node))) is not None:
            yield outer
            node = outer.node

    def outward(self, node: Node) -> Iterator[EnclosingNode]:
        """Yield the nodes around a node, innermost first, through the only call of each function.

        The last node is a function with several calls, or a function that is entered for the second time, if any.
        """
        entered: set[str] = set()
        pending: Node | None = node
        while pending is not None:
            body, pending = pending, None
            for outer in self.inside_body(body):
                yield outer
                if outer.node["type"] == "function_def" and outer.node["name"] not in entered:
                    entered.add(outer.node["name"])
                    calls = self.calls.get(outer.node["name"], ())
                    pending = calls[0] if len(calls) == 1 else None

    @cached_property
    def _outer(self) -> Mapping[int, EnclosingNode]:
        """The node directly around each node, by identity."""
        outer: dict[int, EnclosingNode] = {}
        for function in self.functions.values():
            outer.update((id(inner), EnclosingNode(function)) for inner in function["nodes"])
        for node in walk_workflow(self.workflow):
            for _, _, part in blocks_in(node):
                outer.update((id(inner), EnclosingNode(node, part)) for inner in part["nodes"])
            for inner in children(node):
                outer.setdefault(id(inner), EnclosingNode(node))
        return outer
