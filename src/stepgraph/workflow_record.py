"""Analyzed workflows as plain data, for the cache and for worker processes."""

from __future__ import annotations

from typing import Any

from msgspec import Struct

from stepgraph.analysis import WorkflowAnalysis
from stepgraph.model.details import NO_DETAILS, DetailTexts, as_texts, from_texts
from stepgraph.model.note import Note
from stepgraph.model.span import Span


class WorkflowRecord(Struct, frozen=True):
    """A serializable `WorkflowAnalysis`, without the locations of nodes and the subject of rules."""

    name: str
    class_name: str
    path: str
    span: Span
    graph: dict[str, Any] | None
    """The graph as JSON data. It is not validated, because only this package writes records."""
    notes: tuple[Note, ...]
    project: str
    steps_limit: int | None
    details: DetailTexts = ()
    """The details of the nodes of `graph`, in the order of a traversal."""

    @classmethod
    def of(cls, workflow: WorkflowAnalysis) -> WorkflowRecord:
        """Return the record of a workflow."""
        graph: Any = workflow.graph
        return cls(
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

    def restore(self) -> WorkflowAnalysis:
        """Return the workflow. Its `span_of` returns None for each node."""
        graph: Any = self.graph
        return WorkflowAnalysis(
            self.name,
            self.class_name,
            self.path,
            lambda: self.span,
            graph,
            self.notes,
            self.project,
            self.steps_limit,
            describe=lambda: NO_DETAILS if graph is None else from_texts(graph, self.details),
        )


def without_modules(workflow: WorkflowAnalysis) -> WorkflowAnalysis:
    """Return a copy of a workflow that does not keep its modules in memory."""
    return WorkflowRecord.of(workflow).restore()
