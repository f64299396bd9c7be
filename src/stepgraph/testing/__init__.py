"""Assertions on the graphs of workflows.

    from stepgraph.testing import WorkflowGraph

    graph = WorkflowGraph.of(analyze_file("src/orders.py").workflows[0])
    assert graph.runs_before("reserve stock", "charge card")

With pytest, the fixture `workflow_graph` returns such a graph, and `assert workflow_graph(...) == snapshot` compares it
with a snapshot.
"""

from stepgraph.testing.errors import (
    AmbiguousStepError,
    AmbiguousWorkflowError,
    IncompleteGraphWarning,
    NoGraphError,
    StepNotFoundError,
    WorkflowNotFoundError,
)
from stepgraph.testing.workflow_graph import StepSettings, WorkflowGraph
from stepgraph.testing.workflow_graphs import WorkflowGraphs

__all__ = [
    "AmbiguousStepError",
    "AmbiguousWorkflowError",
    "IncompleteGraphWarning",
    "NoGraphError",
    "StepNotFoundError",
    "StepSettings",
    "WorkflowGraph",
    "WorkflowGraphs",
    "WorkflowNotFoundError",
]
