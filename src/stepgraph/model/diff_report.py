"""The report of `stepgraph diff` as it is written in JSON: typed dictionaries, which cost nothing to import.

The pydantic models of the same shapes, which describe each field, are in `stepgraph.model.schema.diff_report`; a test
holds the two to each other. No key is ever left out.
"""

from __future__ import annotations

from typing import Literal, TypeAlias, TypedDict

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


class DiffTool(TypedDict):
    name: Literal["stepgraph"]
    version: str


class DiffSummary(TypedDict):
    text: str
    fail_on: FailOn
    fails: bool
    workflows: int
    changed_workflows: int
    changes: int
    breaking: int
    late: int
    safe: int
    incomplete_workflows: int


class WorkflowVersion(TypedDict):
    name: str
    class_name: str
    place: str
    has_dag: bool
    complete: bool | None


class WorkflowChange(TypedDict):
    action: Action
    sign: Sign
    text: str
    effect: Effect
    reason: str


class WorkflowDifference(TypedDict):
    name: str
    status: Status
    effect: Effect
    old: WorkflowVersion | None
    new: WorkflowVersion | None
    changes: list[WorkflowChange]


class DiffReport(TypedDict):
    version: Literal[1]
    tool: DiffTool
    old: str
    new: str
    summary: DiffSummary
    workflows: list[WorkflowDifference]
