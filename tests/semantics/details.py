"""The details of a workflow."""

from __future__ import annotations

from stepgraph.model.details import parts_of
from tests.semantics.notation import workflow_of as workflow_of_body


def details_of(body: str) -> list[str]:
    """Return the details of a workflow in document order."""
    workflow = workflow_of_body(body)
    assert workflow.graph is not None
    texts = (workflow.details.source(part) for part in parts_of(workflow.graph))
    return [text for text in texts if text]
