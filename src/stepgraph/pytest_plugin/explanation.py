"""What pytest says of a graph that is not as its snapshot has it."""

from __future__ import annotations

from stepgraph.testing.difference import explain_mismatch
from stepgraph.testing.drawn_graph import DrawnGraph
from stepgraph.testing.snapshot_seen import is_snapshot
from stepgraph.testing.workflow_graph import WorkflowGraph


def explain(left: object, right: object) -> list[str] | None:
    """Return why a comparison of a graph and a snapshot failed, None for comparisons of anything else."""
    for snapshot, value in ((left, right), (right, left)):
        graph = value.graph if isinstance(value, DrawnGraph) else value
        if is_snapshot(snapshot) and isinstance(graph, WorkflowGraph) and snapshot.num_executions:
            return explain_mismatch(snapshot, graph)
    return None
