"""The nodes around each node of a graph, such as groups of concurrent work, and the calls of its functions."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import Final

from msgspec import Struct

from stepgraph.model.payload import Block, Branch, FunctionCall, FunctionDef, Node, Step, Workflow
from stepgraph.model.walk import blocks_in, children, functions_of, walk_workflow
from stepgraph.render.group_order import is_over_at_the_first, is_unawaited

_OUTLASTING: Final = 1
"""The bit of the steps that may outlast the groups around them."""


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


class ConcurrentGroups(Struct, frozen=True):
    """The groups of concurrent work around each step, through all calls of functions, as bit sets."""

    steps: Sequence[Step]
    """The steps in program order."""
    groups: Mapping[int, int]
    """The groups around each step, by the identity of the step."""
    has_outlasting: bool
    """Whether some step may outlast a group."""

    @classmethod
    def of(cls, steps: Sequence[Step], enclosing: EnclosingNodes) -> ConcurrentGroups:
        """Return the groups around the steps of a workflow."""
        search = _GroupSearch(enclosing)
        search.follow_calls()
        groups = {id(step): search.enclosing(step) for step in steps}
        return cls(steps, groups, any(each & _OUTLASTING for each in groups.values()))

    def candidates(self, step: Step) -> Iterator[Step]:
        """Yield the steps that may overlap a step, in program order: those in its groups, and outlasting ones."""
        groups = self.groups.get(id(step), 0)
        if groups or self.has_outlasting:
            for each in self.steps:
                own_groups = self.groups[id(each)]
                if groups & own_groups or (groups | own_groups) & _OUTLASTING:
                    yield each


class _GroupSearch:
    """The search for the groups around nodes."""

    def __init__(self, enclosing: EnclosingNodes) -> None:
        self._enclosing = enclosing
        self._bits: dict[int, int] = {}
        """The bit of each group, by the identity of its node."""
        self._around_calls: dict[str, int] = {}
        """The groups around the calls of each function."""

    def follow_calls(self) -> None:
        """Find the groups around all calls of each function, including those around the calls of its callers."""
        callees: dict[str, list[str]] = {}
        for name, calls in self._enclosing.calls.items():
            for call in calls:
                for outer in self._enclosing.inside_body(call):
                    if outer.node["type"] == "function_def":
                        callees.setdefault(outer.node["name"], []).append(name)
        pending = deque(self._enclosing.calls)
        while pending:
            name = pending.popleft()
            groups = 0
            for call in self._enclosing.calls[name]:
                groups |= self.enclosing(call)
            if groups != self._around_calls.get(name, 0):
                self._around_calls[name] = groups
                pending.extend(callees.get(name, ()))

    def enclosing(self, node: Node) -> int:
        """Return the groups around a node."""
        groups = _OUTLASTING if is_unawaited(node) else 0
        for outer in self._enclosing.inside_body(node):
            match outer.node["type"]:
                case "function_def":
                    groups |= self._around_calls.get(outer.node["name"], 0)
                case "parallel":
                    groups |= self._bits.setdefault(id(outer.node), _OUTLASTING << len(self._bits) + 1)
                    groups |= _OUTLASTING if is_over_at_the_first(outer.node) else 0
                case _:
                    groups |= _OUTLASTING if is_unawaited(outer.node) else 0
        return groups
