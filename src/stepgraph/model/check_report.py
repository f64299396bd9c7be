"""The report of `stepgraph check` as it is written in JSON: typed dictionaries, which cost nothing to import.

The pydantic models of the same shapes, which describe each field, are in `stepgraph.model.schema.check_report`; a test
holds the two to each other. No key is ever left out.
"""

from __future__ import annotations

from typing import Literal, TypeAlias, TypedDict

Verdict: TypeAlias = Literal["passed", "failed", "unreadable", "nothing"]
FailOn: TypeAlias = Literal["error", "warning", "new"]
Severity: TypeAlias = Literal["error", "warning", "information"]


class Tool(TypedDict):
    name: Literal["stepgraph"]
    version: str


class Summary(TypedDict):
    verdict: Verdict
    text: str
    fail_on: FailOn
    require_dag: bool
    workflows: int
    errors: int
    warnings: int
    information: int
    known: int
    ignored: int


class CheckedWorkflow(TypedDict):
    name: str
    class_name: str
    path: str
    line: int
    has_dag: bool
    steps: int
    complete: bool


class ReportedFinding(TypedDict):
    code: str
    name: str
    severity: Severity
    message: str
    advice: str
    path: str
    line: int
    column: int
    end_line: int
    end_column: int
    workflow: str | None
    fixable: bool
    fingerprint: str | None
    url: str


class IgnoredFinding(TypedDict):
    reason: str
    finding: ReportedFinding


class CheckReport(TypedDict):
    version: Literal[1]
    tool: Tool
    summary: Summary
    workflows: list[CheckedWorkflow]
    findings: list[ReportedFinding]
    known: list[ReportedFinding]
    ignored: list[IgnoredFinding]
