"""An analyzed workflow as a version in a comparison."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

from stepgraph.analysis import WorkflowAnalysis
from stepgraph.model.payload import Node
from stepgraph.model.span import Span
from stepgraph.report.diff.comparison import VersionedWorkflow


def versioned_workflow(
    workflow: WorkflowAnalysis, path: str, to_message: Callable[[str], str] = lambda text: text
) -> VersionedWorkflow:
    """Return a workflow that is in `path` as a version. `to_message` converts paths for messages."""
    location = f"{workflow.path}:{workflow.span.line}"
    missing_graph = (
        [] if workflow.graph is not None else [f"{workflow.span}: `{workflow.name}` has no graph: no step can run."]
    )
    notes = [note.labeled_text for note in workflow.notes if note.incomplete]
    return VersionedWorkflow(
        workflow.name,
        workflow.class_name,
        workflow.path.removeprefix(path).removeprefix("/"),
        to_message(location),
        workflow.graph,
        workflow.complete,
        tuple(to_message(remark) for remark in (*missing_graph, *notes)),
        lambda: workflow.details,
        lambda part: to_message(_location_text(workflow.span_of(cast("Node", part)))),
        lambda part: workflow.code_of(cast("Node", part)),
    )


def _location_text(span: Span | None) -> str:
    return "" if span is None else f"{span.path}:{span.line}"
