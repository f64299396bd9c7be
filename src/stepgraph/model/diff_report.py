"""The JSON of `stepgraph diff -f json`.

`version` is 1. It changes if a field is removed or changes its meaning; fields may be added without.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

from stepgraph.model.constraints import Closed

FailOn: TypeAlias = Literal["breaking", "any", "none"]
Effect: TypeAlias = Literal["breaking", "late", "safe"]
Sign: TypeAlias = Literal["+", "-", "~"]
Status: TypeAlias = Literal["unchanged", "changed", "added", "removed"]
Action: TypeAlias = Literal[
    "added",
    "removed",
    "renamed",
    "moved",
    "reordered",
    "wrapped",
    "freed",
    "made concurrent",
    "made sequential",
    "changed",
]


class DiffTool(Closed):
    """What made the report."""

    name: Literal["stepgraph"]
    """The name of this package."""
    version: str
    """The version of this package."""


class DiffSummary(Closed):
    """What the diff comes to."""

    text: str
    """It for people, in a line."""
    fail_on: FailOn
    """Which changes fail the diff: those that break running instances, any, or none."""
    fails: bool
    """Whether there is such a change (exit code 1)."""
    workflows: int
    """How many workflows were compared, those in one version only included."""
    changed_workflows: int
    """How many of them changed."""
    changes: int
    """How many changes there are."""
    breaking: int
    """How many changes break running instances."""
    late: int
    """How many changes let something run late in running instances."""
    safe: int
    """How many changes do nothing to running instances."""
    incomplete_workflows: int
    """How many workflows have a graph that may lack steps, so that changes may be missing."""


class WorkflowVersion(Closed):
    """A workflow in one of the two versions."""

    name: str
    """The workflow's name, as the configuration has it, or else that of its class."""
    class_name: str
    """The name of its class."""
    place: str
    """Where its class stands: `src/entry.py:12`, in a revision `main:src/entry.py:12`; of a saved graph, its file."""
    has_dag: bool
    """Whether it has a graph: at least one step of it can run."""
    complete: bool | None
    """Whether everything was resolved; if not, changes may be missing. Null for a saved graph."""


class WorkflowChange(Closed):
    """A change, as people speak of it."""

    action: Action
    """What was done."""
    sign: Sign
    """`+` for what was added, `-` for what was removed, `~` for what is in both versions."""
    text: str
    """What was done with what, and where, in a sentence."""
    effect: Effect
    """What it does to instances that were started before: `breaking` loses results or uses them for something else,
    `late` runs something after what now follows it, `safe` neither."""
    reason: str
    """Why; empty where it is safe."""


class WorkflowDifference(Closed):
    """A workflow with all that changed of it."""

    name: str
    """What it is called, which is the name of no other one in the report."""
    status: Status
    """Whether it is in both versions, and whether it changed."""
    effect: Effect
    """The worst that a change of it does to running instances."""
    old: WorkflowVersion | None
    """It in the old version; null if it was added."""
    new: WorkflowVersion | None
    """It in the new version; null if it was removed."""
    changes: list[WorkflowChange]
    """What changed, in the order of the program."""


class DiffReport(Closed):
    """The report that `stepgraph diff -f json` prints."""

    version: Literal[1]
    """The version of this format."""
    tool: DiffTool
    """What made the report."""
    old: str
    """What the old version is called: a revision, a path, a saved file."""
    new: str
    """What the new version is called."""
    summary: DiffSummary
    """What the diff comes to."""
    workflows: list[WorkflowDifference]
    """The workflows of both versions, in the order of the new one, with those that are gone where they were."""
