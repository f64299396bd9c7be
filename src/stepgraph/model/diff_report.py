"""The JSON of `stepgraph diff -f json`.

`version` is 2. The version changes when a field is removed or changes its meaning, but not when a field is added.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

from stepgraph.model.check_report import Tool
from stepgraph.model.constraints import Closed

FailOn: TypeAlias = Literal["breaking", "any", "none"]
Effect: TypeAlias = Literal["breaking", "out_of_order", "safe"]
Sign: TypeAlias = Literal["+", "-", "~"]
Status: TypeAlias = Literal["unchanged", "changed", "added", "removed"]
Action: TypeAlias = Literal[
    "added",
    "removed",
    "renamed",
    "moved",
    "reordered",
    "wrapped",
    "unwrapped",
    "made concurrent",
    "made sequential",
    "changed",
]


class DiffSummary(Closed):
    """The result of the comparison."""

    text: str
    """The result as one line of text."""
    in_flight: Literal["waits", "retries"]
    """Where instances are assumed to be: at sleeps and waits, or also at steps with a retry delay, or a timeout other
    than the default, of a minute or more."""
    assumption: str
    """The assumption behind the effects of changes, one or two sentences."""
    fail_on: FailOn
    """The changes that fail the comparison: `breaking`, `any` or `none`."""
    fails: bool
    """Whether a change fails the comparison, so that the exit code is 1."""
    workflows: int
    """Number of workflows, including those in one version only."""
    changed_workflows: int
    """Number of changed workflows."""
    changes: int
    """Number of changes."""
    breaking: int
    """Number of changes that break running instances."""
    out_of_order: int
    """Number of changes that run steps of running instances out of order."""
    safe: int
    """Number of changes that are safe for running instances."""
    incomplete_workflows: int
    """Number of workflows with an incomplete graph, whose changes may be missing."""


class WorkflowVersion(Closed):
    """A workflow in one of the two versions."""

    name: str
    """Configured name, by default the name of the class."""
    class_name: str
    """Name of the class."""
    place: str
    """Location of the class: `src/entry.py:12`, in a revision `main:src/entry.py:12`, or the file of a saved graph."""
    has_dag: bool
    """Whether the workflow has a graph: false if no step can run, or if the analysis exceeds a limit."""
    complete: bool | None
    """Whether the graph is complete. Without a complete graph, changes may be missing. Null for a saved graph."""


class WorkflowChange(Closed):
    """A change of the structure of a workflow."""

    action: Action
    """The kind of change."""
    sign: Sign
    """`+` for an addition, `-` for a removal, `~` for any other change."""
    text: str
    """A sentence that describes the change and its location."""
    effect: Effect
    """The effect on running instances: `breaking` loses stored results, uses them for another step or abandons a wait,
    `out_of_order` runs a step after steps that it now precedes, `safe` does none of these."""
    reason: str
    """The reason for the effect. Empty for a safe change."""


class WorkflowDifference(Closed):
    """A workflow with its changes."""

    name: str
    """Name of the workflow, unique in the report."""
    status: Status
    """Whether the workflow is in both versions, and whether it changed."""
    effect: Effect
    """The worst effect of a change on running instances."""
    old: WorkflowVersion | None
    """The workflow in the old version; null if it was added."""
    new: WorkflowVersion | None
    """The workflow in the new version; null if it was removed."""
    changes: list[WorkflowChange]
    """The changes, in program order."""


class DiffReport(Closed):
    """The report that `stepgraph diff -f json` prints."""

    version: Literal[2]
    """The version of this format."""
    tool: Tool
    """The program that wrote the report."""
    old: str
    """Name of the old version: a revision, a path, or a saved file."""
    new: str
    """Name of the new version."""
    summary: DiffSummary
    """The result of the comparison."""
    workflows: list[WorkflowDifference]
    """The workflows of both versions in the order of the new version. Removed workflows keep their old position."""
