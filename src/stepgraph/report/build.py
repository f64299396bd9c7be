"""From an analysis to the report on it."""

from __future__ import annotations

from stepgraph.analysis import WorkflowAnalysis
from stepgraph.report.report import WorkflowSummary


def workflow_summary(workflow: WorkflowAnalysis) -> WorkflowSummary:
    """Return what the report tells of a workflow that was analysed."""
    return WorkflowSummary(
        workflow.name,
        workflow.class_name,
        workflow.path,
        workflow.span.line,
        workflow.has_dag,
        workflow.steps,
        workflow.complete,
        workflow.graph,
    )
