"""Assertions on the graphs of workflows.

    from stepgraph import analyze_file
    from stepgraph.testing import WorkflowGraph

    graph = WorkflowGraph.of(analyze_file("src/entry.py").workflows[0])
    assert graph.runs_before("charge card", "pack {item}")

With pytest, calling the fixture `workflow_graph` returns such a graph, and `assert workflow_graph(...) == snapshot`
compares it with a snapshot.
"""

from typing import TYPE_CHECKING

from stepgraph.lazy_names import lazy_names

__all__ = [
    "Acceptance",
    "AmbiguousStepError",
    "AmbiguousWorkflowError",
    "DrawnGraph",
    "IncompleteGraphWarning",
    "LogMismatchError",
    "NoGraphError",
    "StepNotFoundError",
    "StepSettings",
    "WorkflowGraph",
    "WorkflowGraphs",
    "WorkflowNotFoundError",
]

if TYPE_CHECKING:
    from stepgraph.testing.errors import (
        AmbiguousStepError,
        AmbiguousWorkflowError,
        IncompleteGraphWarning,
        LogMismatchError,
        NoGraphError,
        StepNotFoundError,
        WorkflowNotFoundError,
    )
    from stepgraph.testing.workflow_graph import Acceptance, DrawnGraph, StepSettings, WorkflowGraph
    from stepgraph.testing.workflow_graphs import WorkflowGraphs
else:
    # Modules are imported on first access, because pytest imports the class of a warning filter in every session.
    __getattr__, __dir__ = lazy_names(
        globals(),
        {
            "Acceptance": "stepgraph.testing.workflow_graph",
            "AmbiguousStepError": "stepgraph.testing.errors",
            "AmbiguousWorkflowError": "stepgraph.testing.errors",
            "IncompleteGraphWarning": "stepgraph.testing.errors",
            "LogMismatchError": "stepgraph.testing.errors",
            "NoGraphError": "stepgraph.testing.errors",
            "StepNotFoundError": "stepgraph.testing.errors",
            "WorkflowNotFoundError": "stepgraph.testing.errors",
            "DrawnGraph": "stepgraph.testing.workflow_graph",
            "StepSettings": "stepgraph.testing.workflow_graph",
            "WorkflowGraph": "stepgraph.testing.workflow_graph",
            "WorkflowGraphs": "stepgraph.testing.workflow_graphs",
        },
    )
