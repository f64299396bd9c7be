"""The ids of workflows and versions: made from what they name, so that equal structure is equal identity."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID, uuid5

from stepgraph.json_text import canonical_json

if TYPE_CHECKING:
    from stepgraph.model.payload import Graph

# Of this package alone. To change it would change every id.
_NAMESPACE = UUID("0a495118-cdb5-4009-a0ba-2b1da2edbb52")


def workflow_id(project: str, workflow: str) -> str:
    """Return the id of the workflow of that name in the project of that name, as UUID version 5."""
    return str(uuid5(_NAMESPACE, canonical_json([project, workflow])))


def version_id(workflow: str, graph: Graph | None) -> str:
    """Return the id of the version of a workflow, given by its id, that has this graph, as UUID version 5."""
    return str(uuid5(UUID(workflow), canonical_json(graph)))
