"""The changes of a workflow in the working tree since an earlier state."""

from __future__ import annotations

from collections.abc import Iterator

from stepgraph.analysis import WorkflowAnalysis
from stepgraph.execution.engine_rules import Effect
from stepgraph.project.folders import folder_of
from stepgraph.report.diff.comparison import (
    DiffFailOn,
    VersionComparison,
    compare_workflows,
    pair_workflows,
    summary_line,
    versioned_workflow,
)
from stepgraph.version import __version__


def compare_with_earlier(earlier: WorkflowAnalysis | None, title: str, current: WorkflowAnalysis) -> VersionComparison:
    """Return the comparison with an earlier state, whose title is for people. Without one, the workflow is new."""
    folder = folder_of(current.path)
    old = () if earlier is None else (versioned_workflow(earlier, folder),)
    pairs = pair_workflows(old, (versioned_workflow(current, folder),), only_workflows=True)
    return VersionComparison(title, "the working tree", compare_workflows(pairs), DiffFailOn.NONE, __version__)


def change_lines(comparison: VersionComparison) -> Iterator[str]:
    """Yield a summary, and a line for each change with its effect on running instances."""
    yield summary_line(comparison)
    for change in comparison.changes:
        effect = change.impact.effect
        reason = "" if effect is Effect.SAFE else f" ({effect.label}: {change.impact.reason})"
        yield f"{change.title}{reason}"
