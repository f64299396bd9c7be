"""The comparison of two versions, independent of the output format."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from enum import StrEnum

from msgspec import Struct

from stepgraph.diff.diff import StructuralChange, WorkflowDiff
from stepgraph.diff.in_flight.effects import Effect
from stepgraph.model.payload import Graph
from stepgraph.phrases import counted


class DiffFailOn(StrEnum):
    """The changes that fail a comparison."""

    BREAKING = "breaking"
    """Changes that break instances in flight."""
    ANY = "any"
    """All changes."""
    NONE = "none"
    """No changes."""

    def fails(self, change: StructuralChange) -> bool:
        """Return whether a change fails the comparison."""
        return self is DiffFailOn.ANY or (self is DiffFailOn.BREAKING and change.impact.effect is Effect.BREAKING)


class VersionedWorkflow(Struct, frozen=True):
    """A workflow in one version."""

    name: str
    """Configured name, by default the name of the class."""
    class_name: str
    """Name of the class."""
    path: str
    """File, equal in both versions unless it was renamed."""
    location: str
    """Location for users."""
    graph: Graph | None
    """The graph, None without steps."""
    complete: bool | None = None
    """Whether the analysis resolved everything, None for a saved graph."""
    remarks: tuple[str, ...] = ()
    """Reasons for an incomplete graph."""


class ComparedWorkflow(Struct, frozen=True):
    """A workflow and its changes."""

    old: VersionedWorkflow | None
    """The old version, None if it was added."""
    new: VersionedWorkflow | None
    """The new version, None if it was removed."""
    diff: WorkflowDiff
    """The changes."""

    @property
    def name(self) -> str:
        """Name of the workflow, unique in the comparison."""
        return self.diff.name

    @property
    def location(self) -> str:
        """Location in the new version, or in the old one if the workflow was removed."""
        available = self.new if self.new is not None else self.old
        return "" if available is None else available.location

    @property
    def is_incomplete(self) -> bool:
        """Whether a graph may lack steps, so that changes may be missing or wrong."""
        return any(version is not None and version.complete is False for version in (self.old, self.new))


class VersionComparison(Struct, frozen=True):
    """The comparison of two versions."""

    old: str
    """Name of the old version."""
    new: str
    """Name of the new version."""
    workflows: tuple[ComparedWorkflow, ...]
    """The compared workflows."""
    fail_on: DiffFailOn = DiffFailOn.BREAKING
    """The changes that fail the comparison."""
    version: str = ""
    """Version of stepgraph."""

    @property
    def changes(self) -> tuple[StructuralChange, ...]:
        """All changes."""
        return tuple(change for workflow in self.workflows for change in workflow.diff.changes)

    @property
    def changed_workflows(self) -> tuple[ComparedWorkflow, ...]:
        """Workflows with changes."""
        return tuple(workflow for workflow in self.workflows if workflow.diff.changes)

    @property
    def incomplete_workflows(self) -> tuple[ComparedWorkflow, ...]:
        """Workflows whose changes may be missing."""
        return tuple(workflow for workflow in self.workflows if workflow.is_incomplete)

    @property
    def fails(self) -> bool:
        """Whether a change fails the comparison."""
        return any(self.fail_on.fails(change) for change in self.changes)

    def count(self, effect: Effect) -> int:
        """Return the number of changes with an effect."""
        return sum(change.impact.effect is effect for change in self.changes)


INCOMPLETE = "its graph may lack steps, so that changes may be missing"


def count_line(report: VersionComparison) -> str:
    """Return the number of changes and their effects: `2 changes in 1 workflow; for running instances: 2 safe`."""
    line = _changes(report) if report.changes else f"no change of structure in {_workflows(len(report.workflows))}"
    incomplete = len(report.incomplete_workflows)
    return f"{line}; {incomplete} with a graph that is incomplete" if incomplete else line


def effects_line(changes: Collection[StructuralChange]) -> str:
    """Return the effects of changes: `for running instances: 1 breaking, 2 safe`."""
    counts = Counter(change.impact.effect for change in changes)
    parts = (f"{counts[effect]} {effect.label}" for effect in sorted(counts, reverse=True))
    return f"for running instances: {', '.join(parts)}"


def _changes(report: VersionComparison) -> str:
    changes = f"{counted(len(report.changes), 'change')} in {_workflows(len(report.changed_workflows))}"
    return f"{changes}; {effects_line(report.changes)}"


def _workflows(number: int) -> str:
    return counted(number, "workflow")


def versions_line(report: VersionComparison) -> str:
    """Return the names of the versions."""
    return f"from {report.old} to {report.new}"
