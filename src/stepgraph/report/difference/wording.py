"""What every format of a diff says in the same words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection

from stepgraph.diff.diff import Change
from stepgraph.phrases.durations import counted
from stepgraph.report.difference.report import DiffReport

INCOMPLETE = "its graph may lack steps, so that changes may be missing"


def count_line(report: DiffReport) -> str:
    """Return how much changed, and what that does: `2 changes in 1 workflow; for running instances: 2 safe`."""
    line = _changes(report) if report.changes else f"no change of structure in {_workflows(len(report.workflows))}"
    incomplete = len(report.incomplete)
    return f"{line}; {incomplete} with a graph that is incomplete" if incomplete else line


def effects_line(changes: Collection[Change]) -> str:
    """Return what changes do to running instances: `for running instances: 1 breaking, 2 safe`."""
    counts = Counter(change.meaning.effect for change in changes)
    told = (f"{counts[effect]} {effect.name.lower()}" for effect in sorted(counts, reverse=True))
    return f"for running instances: {', '.join(told)}"


def _changes(report: DiffReport) -> str:
    changes = f"{counted(len(report.changes), 'change')} in {_workflows(len(report.changed))}"
    return f"{changes}; {effects_line(report.changes)}"


def _workflows(number: int) -> str:
    return counted(number, "workflow")


def versions_line(report: DiffReport) -> str:
    """Return what was compared."""
    return f"from {report.old} to {report.new}"
