"""Check whether a run fits the walks through the control flow of a graph."""

from __future__ import annotations

from collections.abc import Collection
from functools import cached_property

from stepgraph.model.payload import Graph
from stepgraph.model.walk import STEP_TYPES
from stepgraph.testing import WorkflowGraph
from tests.acceptance.step_names import matches_name
from tests.acceptance.trace import RunTrace, StepEvent


class FlowWalks:
    """The walks through the control flow of a graph, as `to_networkx` returns it."""

    def __init__(self, graph: Graph) -> None:
        self.flow = WorkflowGraph.of(graph).to_networkx()
        self.steps = {
            node: (attributes["type"], attributes["name"])
            for node, attributes in self.flow.nodes(data=True)
            if attributes["type"] in STEP_TYPES
        }

    @cached_property
    def is_sequential(self) -> bool:
        """Whether nothing is concurrent, and no step contains others."""
        types = {attributes["type"] for _, attributes in self.flow.nodes(data=True)}
        return not self._outer_steps and types.isdisjoint({"parallel", "join"})

    def rejection(self, trace: RunTrace) -> str:
        """Return the first event without a walk to it on which all steps are over, or an empty string.

        Steps that contain others need not be over.
        """
        over: set[str] = set()
        for event in trace.events:
            steps = self._steps_of(event)
            if event.type == "start":
                if not steps & self.next_nodes({"start"}, over):
                    return str(event)
                over |= steps & self._outer_steps
            elif event.type in {"end", "fail"}:
                over |= steps
        return self._rejection_at_end(trace, self.next_nodes({"start"}, over))

    def rejection_in_sequence(self, trace: RunTrace) -> str:
        """Return the first event that no single walk through all steps of the run reaches."""
        nodes = {"start"}
        for event in trace.events:
            if event.type == "start":
                nodes = self._steps_of(event) & self.next_nodes(nodes)
                if not nodes:
                    return str(event)
        return self._rejection_at_end(trace, self.next_nodes(nodes))

    def next_nodes(self, nodes: Collection[str], passed: Collection[str] = ()) -> set[str]:
        """Return the nodes that walks from `nodes` reach without passing any steps except those in `passed`."""
        result: set[str] = set()
        pending = list(nodes)
        while pending:
            new = set(self.flow.successors(pending.pop())) - result
            result |= new
            pending.extend(node for node in new if node not in self.steps or node in passed)
        return result

    @cached_property
    def _outer_steps(self) -> set[str]:
        edges = self.flow.edges(data=True)
        return {source for source, _, attributes in edges if attributes["kind"] == "body" and source in self.steps}

    def _steps_of(self, event: StepEvent) -> set[str]:
        return {
            node for node, (kind, name) in self.steps.items() if kind == event.kind and matches_name(name, event.name)
        }

    @staticmethod
    def _rejection_at_end(trace: RunTrace, reached: Collection[str]) -> str:
        last = {"done": "end", "failed": "failure"}.get(trace.outcome)
        return "" if last is None or last in reached else f"no way to `{last}`"
