"""A workflow as plain data, which can be written and read again."""

from __future__ import annotations

from typing import Any

from msgspec import Struct

from stepgraph.analysis import WorkflowAnalysis
from stepgraph.model.details import NO_DETAILS, DetailTexts, as_texts, from_texts
from stepgraph.model.note import Note
from stepgraph.model.span import Span


class KeptWorkflow(Struct, frozen=True):
    """A workflow, with the place of its class."""

    name: str
    class_name: str
    path: str
    span: Span
    graph: dict[str, Any] | None
    notes: tuple[Note, ...]
    project: str
    steps_limit: int | None
    details: DetailTexts = ()


def kept_workflow(workflow: WorkflowAnalysis) -> KeptWorkflow:
    """Return what is kept of a workflow."""
    graph: Any = workflow.graph
    return KeptWorkflow(
        workflow.name,
        workflow.class_name,
        workflow.path,
        workflow.span,
        graph,
        workflow.notes,
        workflow.project,
        workflow.steps_limit,
        () if workflow.graph is None else as_texts(workflow.graph, workflow.details),
    )


def workflow_of(kept: KeptWorkflow) -> WorkflowAnalysis:
    """Return a workflow again. Where the nodes of its graph are from is not known any more."""
    graph: Any = kept.graph
    return WorkflowAnalysis(
        kept.name,
        kept.class_name,
        kept.path,
        lambda: kept.span,
        graph,
        kept.notes,
        kept.project,
        kept.steps_limit,
        describe=lambda: NO_DETAILS if graph is None else from_texts(graph, kept.details),
    )
