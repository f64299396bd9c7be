"""x."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from enum import StrEnum

from msgspec import Struct

from stepgraph.diff.diff import Change, WorkflowDiff
from stepgraph.diff.in_flight.effects import Effect
from stepgraph.model.payload import Graph
from stepgraph.phrases.durations import counted


class FailOn(StrEnum):
    """Which changes fail a diff."""

    BREAKING = "breaking"
    """Those that break instances in flight."""
    ANY = "any"
    """All."""
    NONE = "none"
    """None."""

    def fails(self, change: Change) -> bool:
        """Tell whether it names a change."""
        return self is FailOn.ANY or (self is FailOn.BREAKING and change.impact.effect is Effect.BREAKING)


class VersionedWorkflow(Struct, frozen=True):
    """A workflow in one of two versions: its names, where it stands, and its graph, None if it has none.

    `path` is the same in both versions if its file was not moved, `place` is what people are told. Where the graph may
    lack steps it is not `complete`; of a saved graph that is not known (None). `remarks` say why, for people.
    """

    name: str
    class_name: str
    path: str
    place: str
    graph: Graph | None
    complete: bool | None = None
    remarks: tuple[str, ...] = ()


class ComparedWorkflow(Struct, frozen=True):
    """A workflow with what changed of it; None where there was none, or is none any more."""

    old: VersionedWorkflow | None
    new: VersionedWorkflow | None
    diff: WorkflowDiff

    @property
    def name(self) -> str:
        """What it is called, which is the name of no other one that is compared."""
        return self.diff.name

    @property
    def place(self) -> str:
        """Where it stands, in the old version if it is gone."""
        either = self.new if self.new is not None else self.old
        return "" if either is None else either.place

    @property
    def incomplete(self) -> bool:
        """Whether changes may be missing, or be none, for a graph may lack steps."""
        return any(version is not None and version.complete is False for version in (self.old, self.new))


class DiffReport(Struct, frozen=True):
    """What changed between two versions, which `old` and `new` are the names of, by `version` of this package."""

    old: str
    new: str
    workflows: tuple[ComparedWorkflow, ...]
    fail_on: FailOn = FailOn.BREAKING
    version: str = ""

    @property
    def changes(self) -> tuple[Change, ...]:
        """All changes."""
        return tuple(change for workflow in self.workflows for change in workflow.diff.changes)

    @property
    def changed(self) -> tuple[ComparedWorkflow, ...]:
        """The workflows that changed."""
        return tuple(workflow for workflow in self.workflows if workflow.diff.changes)

    @property
    def incomplete(self) -> tuple[ComparedWorkflow, ...]:
        """The workflows of which changes may be missing."""
        return tuple(workflow for workflow in self.workflows if workflow.incomplete)

    @property
    def fails(self) -> bool:
        """Whether there is a change that is to fail the diff."""
        return any(self.fail_on.fails(change) for change in self.changes)

    def count(self, effect: Effect) -> int:
        """Return how many changes have an effect on running instances."""
        return sum(change.impact.effect is effect for change in self.changes)


INCOMPLETE = "its graph may lack steps, so that changes may be missing"


def count_line(report: DiffReport) -> str:
    """Return how much changed, and what that does: `2 changes in 1 workflow; for running instances: 2 safe`."""
    line = _changes(report) if report.changes else f"no change of structure in {_workflows(len(report.workflows))}"
    incomplete = len(report.incomplete)
    return f"{line}; {incomplete} with a graph that is incomplete" if incomplete else line


def effects_line(changes: Collection[Change]) -> str:
    """Return what changes do to running instances: `for running instances: 1 breaking, 2 safe`."""
    counts = Counter(change.impact.effect for change in changes)
    told = (f"{counts[effect]} {effect.label}" for effect in sorted(counts, reverse=True))
    return f"for running instances: {', '.join(told)}"


def _changes(report: DiffReport) -> str:
    changes = f"{counted(len(report.changes), 'change')} in {_workflows(len(report.changed))}"
    return f"{changes}; {effects_line(report.changes)}"


def _workflows(number: int) -> str:
    return counted(number, "workflow")


def versions_line(report: DiffReport) -> str:
    """Return what was compared."""
    return f"from {report.old} to {report.new}"
