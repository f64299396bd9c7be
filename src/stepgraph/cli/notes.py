"""Saying on standard error what a graph does not show."""

from __future__ import annotations

from stepgraph.analysis import WorkflowAnalysis
from stepgraph.cli.streams import tell


def tell_notes(workflow: WorkflowAnalysis, *, quiet: bool) -> None:
    """Write the notes of a workflow to standard error, a line each; where it has no graph, first that."""
    if not workflow.has_dag:
        tell(f"{workflow.span}: `{workflow.name}` has no graph: no step of it can run.")
    if quiet:
        return
    for note in workflow.notes:
        tell(f"{note} [{note.code}]")
