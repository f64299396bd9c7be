"""The end of a report for people: each workflow in a row, and what all comes to."""

from __future__ import annotations

from typing import Final

from stepgraph.report.report import Report, WorkflowSummary
from stepgraph.report.table import table
from stepgraph.report.wording import verdict_line, yes_or_no

HEADINGS: Final = ("NAME", "CLASS", "WHERE", "STEPS", "HAS_DAG", "COMPLETE")


def workflow_row(workflow: WorkflowSummary) -> tuple[str, ...]:
    """Return what a table says of a workflow."""
    return (
        workflow.name,
        workflow.class_name,
        f"{workflow.path}:{workflow.line}",
        str(workflow.steps),
        yes_or_no(value=workflow.has_dag),
        yes_or_no(value=workflow.complete),
    )


def workflow_table(report: Report) -> str:
    """Return the workflows as rows under headings; nothing for none."""
    return table(HEADINGS, [workflow_row(workflow) for workflow in report.workflows]) if report.workflows else ""


def summary_text(report: Report) -> str:
    """Return the table of workflows and, below an empty line, the verdict."""
    rows = workflow_table(report)
    return f"{rows}\n{verdict_line(report)}\n" if rows else f"{verdict_line(report)}\n"
