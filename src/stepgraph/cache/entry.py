"""What is kept of an analysis: plain data, which is held to its types when it is read."""

from __future__ import annotations

from typing import Any, TypeAlias

from msgspec import Struct

from stepgraph.analysis import WorkflowAnalysis
from stepgraph.checks.finding import Finding
from stepgraph.checks.severity import Severity
from stepgraph.model.note import Note, Problem
from stepgraph.model.span import Span

Content: TypeAlias = str | None
"""The digest of a file; None where it could not be read."""


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


class KeptFinding(Struct, frozen=True):
    """A finding, without what would put it right."""

    code: str
    severity: Severity
    message: str
    advice: str
    span: Span
    workflow: str
    fixable: bool


class KeptListing(Struct, frozen=True):
    """What was in a folder, as the project of the module with this number sees it."""

    module: int
    folder: str
    names: tuple[str, ...]


class KeptSearch(Struct, frozen=True):
    """The modules that derive classes from those of some names, with their digests."""

    names: tuple[str, ...]
    found: tuple[tuple[str, str], ...]


class Entry(Struct, frozen=True):
    """What was found, and what it depends on besides the sources: files, folders, and searches.

    `files` are the paths of all that was looked at, `read` of those whose content is known.
    """

    workflows: tuple[KeptWorkflow, ...]
    problems: tuple[Problem, ...]
    hints: tuple[Problem, ...]
    files: tuple[str, ...]
    read: tuple[str, ...]
    looked_at: dict[str, Content]
    listings: tuple[KeptListing, ...]
    searches: tuple[KeptSearch, ...]
    findings: tuple[KeptFinding, ...] | None = None


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
    )


def workflow_of(kept: KeptWorkflow) -> WorkflowAnalysis:
    """Return a workflow again. Where the nodes of its graph are from is not known any more."""
    graph: Any = kept.graph
    return WorkflowAnalysis(
        kept.name, kept.class_name, kept.path, lambda: kept.span, graph, kept.notes, kept.project, kept.steps_limit
    )


def kept_finding(finding: Finding) -> KeptFinding:
    """Return what is kept of a finding."""
    return KeptFinding(
        finding.code, finding.severity, finding.message, finding.advice, finding.span, finding.workflow, finding.fixable
    )


def finding_of(kept: KeptFinding) -> Finding:
    """Return a finding again."""
    return Finding(kept.code, kept.severity, kept.message, kept.advice, kept.span, kept.workflow, fixable=kept.fixable)
