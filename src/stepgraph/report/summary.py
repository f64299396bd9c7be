"""The end of a text report: a table of workflows and the verdict."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from stepgraph.escaping.plain_text import log_line
from stepgraph.render.terminal import table
from stepgraph.render.text_width import cell_width, clip_start
from stepgraph.report.report import Report, WorkflowSummary, verdict_line, yes_or_no

_HEADINGS: Final = ("NAME", "CLASS", "WHERE", "STEPS", "HAS_DAG", "COMPLETE")
_MIN_LOCATION_WIDTH: Final = 16


def summary_text(report: Report, width: int | None = None) -> str:
    """Return the table of workflows and the verdict, for a terminal of `width` cells if it is set."""
    verdict = f"{verdict_line(report)}\n"
    return f"{_workflow_table(report, width)}\n{verdict}" if report.workflows else verdict


def _workflow_table(report: Report, width: int | None) -> str:
    """Return the workflows as rows.

    In a narrow terminal, classes that name workflows are omitted, and locations are clipped at the start.
    """
    rows = [_row(workflow) for workflow in report.workflows]
    full_table = table(_HEADINGS, rows)
    if width is None or _width(full_table) <= width:
        return full_table
    if any(name != class_name for name, class_name, *_ in rows):
        return _with_clipped_locations(_HEADINGS, rows, width)
    return _with_clipped_locations(_without_class(_HEADINGS), [_without_class(row) for row in rows], width)


def _row(workflow: WorkflowSummary) -> tuple[str, ...]:
    return (
        workflow.name,
        workflow.class_name,
        f"{workflow.path}:{workflow.line}",
        str(workflow.steps),
        yes_or_no(value=workflow.has_dag),
        yes_or_no(value=workflow.complete),
    )


def _without_class(row: Sequence[str]) -> tuple[str, ...]:
    return (row[0], *row[2:])


def _with_clipped_locations(headings: Sequence[str], rows: Sequence[Sequence[str]], width: int) -> str:
    column = headings.index("WHERE")
    locations = [log_line(row[column]) for row in rows]
    longest = max(map(cell_width, locations))
    location_width = max(_MIN_LOCATION_WIDTH, longest - max(0, _width(table(headings, rows)) - width))
    clipped_rows = [
        (*row[:column], clip_start(location, location_width), *row[column + 1 :])
        for row, location in zip(rows, locations, strict=True)
    ]
    return table(headings, clipped_rows)


def _width(text: str) -> int:
    return max(map(cell_width, text.splitlines()))
