"""The ids of workflows and versions, computed from names and graphs."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID, uuid5

from stepgraph.json_text import canonical_json

if TYPE_CHECKING:
    from stepgraph.model.payload import Graph

# Changing the namespace changes all ids.
_NAMESPACE = UUID("0a495118-cdb5-4009-a0ba-2b1da2edbb52")


def workflow_id(project: str, workflow: str) -> str:
    """Return the id of a workflow, a version 5 UUID of the names of project and workflow."""
    return str(uuid5(_NAMESPACE, canonical_json([project, workflow])))


def version_id(workflow: str, graph: Graph | None) -> str:
    """Return the id of a version, a version 5 UUID of its graph and the id of its workflow."""
    return str(uuid5(UUID(workflow), canonical_json(graph)))
