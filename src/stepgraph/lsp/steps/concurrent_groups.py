"""The groups of concurrent work around each step, which limit the pairs of steps that may overlap."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from msgspec import Struct

from stepgraph.lsp.steps.enclosing_nodes import EnclosingNodes
from stepgraph.model.payload import Node, Step
from stepgraph.render.group_order import is_over_at_the_first, is_unawaited

_OUTLASTING: Final = 1
"""The bit of the steps that may outlast the groups around them."""


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
                others = self.groups[id(each)]
                if groups & others or (groups | others) & _OUTLASTING:
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
