"""The effects on running instances in GitHub Markdown, for comments on pull requests."""

from __future__ import annotations

from typing import Final

from stepgraph.escaping.markdown import cell, cell_prose, prose
from stepgraph.execution.engine_rules import InstanceEffect
from stepgraph.phrases import counted, shortened
from stepgraph.render.flow.mermaid import utf16_length
from stepgraph.render.flow.mermaid_document import MAX_LENGTH, count_fitting
from stepgraph.report.replay.replay_report import (
    ReplayedInstance,
    ReplayReport,
    advice,
    assumption,
    count_line,
    effect_text,
    remarks_on,
)

_SIGNS: Final[dict[InstanceEffect, str]] = {
    "resumes": "✅",
    "out_of_order": "⚠️",
    "unknown": "❔",
    "reruns": "❌",
    "stuck": "❌",
    "fails": "❌",
}
_TABLE_HEAD: Final = "| Instance | Status | Effect | Details |\n| --- | --- | --- | --- |\n"
_NOTE_SPACE: Final = 200


def render_markdown(report: ReplayReport) -> str:
    """Return a heading with the summary, and a table. Rows beyond GitHub's limit are omitted with a note."""
    sign = "❌" if report.fails else "✅"
    start = f"## {sign} Workflows: {prose(count_line(report))}\n\n"
    helps = "".join(f"- {prose(each)}\n" for each in advice(report))
    end = f"\n{helps}\n{prose(assumption(report))}\n" if helps else f"\n{prose(assumption(report))}\n"
    rows = [_row(instance) for instance in report.instances]
    space = MAX_LENGTH - _NOTE_SPACE - utf16_length(start + _TABLE_HEAD + end)
    shown = count_fitting(rows, space)
    omitted = len(rows) - shown
    more = counted(omitted, "more instance")
    note = f"\n{more} would exceed GitHub's limit. Run `stepgraph replay` to see all.\n" if omitted else ""
    return f"{start}{_TABLE_HEAD}{''.join(rows[:shown])}{note}{end}"


def _row(instance: ReplayedInstance) -> str:
    effect = instance.replay.effect
    first, *more_remarks = map(cell_prose, remarks_on(instance.replay))
    location = f" ({cell(instance.location)})" if instance.location else ""
    details = "<br>".join([f"{first}{location}", *more_remarks])
    label = f"{_SIGNS[effect]} {effect_text(effect)}"
    return f"| {cell(instance.title)} | {cell_prose(shortened(instance.status))} | {label} | {details} |\n"
