"""What every format of a diff says in the same words."""

from __future__ import annotations

from stepgraph.diff.running.effect import Effect
from stepgraph.phrases.durations import counted
from stepgraph.report.difference.report import DiffReport

INCOMPLETE = "its graph may lack steps, so that changes may be missing"


def count_line(report: DiffReport) -> str:
    """Return how much changed, and what that does: `2 changes in 1 workflow; for running instances: 2 safe`."""
    line = _changes(report) if report.changes else f"no change of structure in {_workflows(len(report.workflows))}"
    incomplete = len(report.incomplete)
    return f"{line}; {incomplete} with a graph that is incomplete" if incomplete else line


def _changes(report: DiffReport) -> str:
    changes = f"{counted(len(report.changes), 'change')} in {_workflows(len(report.changed))}"
    counts = [(report.count(effect), effect.name.lower()) for effect in sorted(Effect, reverse=True)]
    return f"{changes}; for running instances: {', '.join(f'{number} {name}' for number, name in counts if number)}"


def _workflows(number: int) -> str:
    return counted(number, "workflow")


def versions_line(report: DiffReport) -> str:
    """Return what was compared."""
    return f"from {report.old} to {report.new}"
