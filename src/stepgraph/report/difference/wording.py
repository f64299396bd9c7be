"""What every format of a diff says in the same words."""

from __future__ import annotations

from stepgraph.diff.running.effect import Effect
from stepgraph.phrases.durations import counted
from stepgraph.report.difference.report import DiffReport

INCOMPLETE = "its graph may lack steps, so that changes may be missing"


def count_line(report: DiffReport) -> str:
    """Return how much changed, and what that does: `2 changes in 1 workflow; for running instances: 2 safe`."""
    if not report.changes:
        return f"no change of structure in {counted(len(report.workflows), 'workflow')}"
    changes = f"{counted(len(report.changes), 'change')} in {counted(len(report.changed), 'workflow')}"
    counts = [(report.count(effect), effect.name.lower()) for effect in sorted(Effect, reverse=True)]
    return f"{changes}; for running instances: {', '.join(f'{number} {name}' for number, name in counts if number)}"


def versions_line(report: DiffReport) -> str:
    """Return what was compared."""
    return f"from {report.old} to {report.new}"
