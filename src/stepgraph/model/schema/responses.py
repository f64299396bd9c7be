"""What the API answers about the versions of a workflow."""

from __future__ import annotations

from typing import Literal

from stepgraph.model.schema.base import IfKnown, Model, Timestamp
from stepgraph.model.schema.graph import Graph


class _VersionIdentity(Model):
    id: str
    class_name: str
    created_on: Timestamp
    modified_on: Timestamp
    workflow_id: str


class VersionGraphResponse(_VersionIdentity):
    """The graph of one version of a workflow; null if it has none."""

    graph: Graph | None


class VersionLimits(Model):
    """Limits of a version: how many steps an instance may run."""

    steps: IfKnown[int] = None


class Concurrency(Model):
    """How many instances of a version may run at the same time."""

    limit: IfKnown[int] = None


class DefaultRetention(Model):
    """How long instances are kept, in milliseconds."""

    error_retention: IfKnown[int] = None
    success_retention: IfKnown[int] = None


class VersionGetResponse(_VersionIdentity):
    """One version of a workflow."""

    has_dag: bool
    language: Literal["javascript", "python"]
    concurrency: IfKnown[Concurrency] = None
    default_retention: IfKnown[DefaultRetention] = None
    limits: IfKnown[VersionLimits] = None


class VersionListResponse(VersionGetResponse):
    """One entry of the list of a workflow's versions."""
