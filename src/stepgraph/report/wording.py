"""Phrases that every format of the report uses."""

from __future__ import annotations

from typing import Final

from stepgraph.checks.diagnostic import Severity
from stepgraph.phrases import counted
from stepgraph.report.report import Report, WorkflowSummary

LABELS: Final = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFORMATION: "note"}
"""Severities as users read them."""

NOTHING_CHECKED: Final = "no workflow was found, so nothing was checked"

_REQUIREMENT: Final = "and --require-dag demands a complete one"


def verdict_line(report: Report) -> str:
    """Return the number of findings and workflows: `1 error, 2 notes in 2 workflows`."""
    if not report.workflows and not report.findings and not report.baselined and not report.suppressed:
        return NOTHING_CHECKED
    workflows = counted(len(report.workflows), "workflow") if report.workflows else "no workflow"
    line = f"{_counts(report)} in {workflows}"
    if report.workflows_without_dag:
        line += f", {len(report.workflows_without_dag)} without a complete graph"
    other_counts = [
        (report.fixable, "fixable with --fix"),
        (len(report.baselined), "in the baseline"),
        (len(report.suppressed), "ignored"),
    ]
    return line + "".join(f", {number} {treatment}" for number, treatment in other_counts if number)


def _counts(report: Report) -> str:
    counts = [(report.count(severity), label) for severity, label in LABELS.items()]
    return ", ".join(counted(number, label) for number, label in counts if number) or "no findings"


def missing_dag_message(workflow: WorkflowSummary) -> str:
    """Return the message for a workflow without the required complete graph."""
    state = "is incomplete" if workflow.has_dag else "is missing"
    return f"the graph of the workflow `{workflow.name}` {state}, {_REQUIREMENT}."


def yes_or_no(*, value: bool) -> str:
    """Return a boolean as shown in tables."""
    return "yes" if value else "no"
