"""What is kept of an analysis: plain data, which is held to its types when it is read."""

from __future__ import annotations

from typing import TypeAlias

from msgspec import Struct

from stepgraph.checks.finding import Finding
from stepgraph.checks.severity import Severity
from stepgraph.model.note import Problem
from stepgraph.model.span import Span
from stepgraph.workflow_record import WorkflowRecord

Content: TypeAlias = str | None
"""The digest of a file; None where it could not be read."""


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

    workflows: tuple[WorkflowRecord, ...]
    problems: tuple[Problem, ...]
    hints: tuple[Problem, ...]
    files: tuple[str, ...]
    read: tuple[str, ...]
    looked_at: dict[str, Content]
    listings: tuple[KeptListing, ...]
    searches: tuple[KeptSearch, ...]
    findings: tuple[KeptFinding, ...] | None = None


def kept_finding(finding: Finding) -> KeptFinding:
    """Return what is kept of a finding."""
    return KeptFinding(
        finding.code, finding.severity, finding.message, finding.advice, finding.span, finding.workflow, finding.fixable
    )


def finding_of(kept: KeptFinding) -> Finding:
    """Return a finding again."""
    return Finding(kept.code, kept.severity, kept.message, kept.advice, kept.span, kept.workflow, fixable=kept.fixable)
