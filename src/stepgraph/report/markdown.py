"""x."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Final

from stepgraph.checks.finding import Finding
from stepgraph.checks.severity import Severity
from stepgraph.escaping.markdown import cell, code, fenced, prose
from stepgraph.model.span import Span
from stepgraph.phrases.durations import counted
from stepgraph.report.markdown_blocks import LONGEST, diagram, fitting, fitting_diagrams, length
from stepgraph.report.report import Report, Verdict, WorkflowSummary, rule_url, source_link
from stepgraph.report.text import finding_text
from stepgraph.report.wording import LABELS, unmet_message, verdict_line, yes_or_no

_SIGNS: Final = {Verdict.PASSED: "✅", Verdict.FAILED: "❌", Verdict.UNREADABLE: "❌", Verdict.NOTHING: "⚠️"}
_TABLE_HEAD: Final = "| Workflow | Class | Where | Steps | Graph | Complete |\n| --- | --- | --- | ---: | --- | --- |\n"
# Kept free for what is said of what was left out.
_FOR_NOTES: Final = 500
_FOR_TABLE: Final = 20_000
_FOR_UNMET: Final = 10_000
# None is shorter, so that none need be drawn where there is less room.
_SHORTEST_DIAGRAM: Final = 500


def render_markdown(report: Report, *, quiet: bool = False) -> str:
    """Return the verdict, the workflows, the findings by severity, and a diagram of each workflow, folded.

    What would be longer than GitHub takes goes, and it is said: diagrams first, then excerpts, then the last findings.
    Without workflows and diagrams if it is to be `quiet`.
    """
    start = [f"## {_SIGNS[report.verdict]} Workflow check: {prose(verdict_line(report))}\n"]
    if report.workflows and not quiet:
        start.append(_TABLE_HEAD + _some([_row(report, one) for one in report.workflows], _FOR_TABLE, "workflow"))
    if report.unmet:
        demands = [f"- {prose(unmet_message(one))} {_place(report, _span(one))}\n" for one in report.unmet]
        start.append(_some(demands, _FOR_UNMET, "workflow"))
    room = LONGEST - _FOR_NOTES - length("\n".join(start))
    findings = _findings(report, room)
    room -= length("\n".join(findings))
    return "\n".join([*start, *findings, *([] if quiet else _diagrams(report, room))])


def _findings(report: Report, room: int) -> list[str]:
    """Return the findings under a heading for each severity, each with its excerpt if all have room."""
    ordered = [
        reported.finding for severity in LABELS for reported in report.findings if reported.finding.severity is severity
    ]
    for excerpts in (True, False):
        blocks = _blocks(report, ordered, excerpts=excerpts)
        if length("\n".join(blocks)) <= room:
            return blocks if excerpts else [*blocks, "Excerpts are left out, for they would be too long for GitHub.\n"]
    count = fitting([f"{block}\n" for block in blocks], room)
    left_out = counted(len(ordered) - count, "more finding")
    return [*blocks[:count], f"{left_out} would be too long for GitHub: `stepgraph check` prints all.\n"]


def _blocks(report: Report, findings: Sequence[Finding], *, excerpts: bool) -> list[str]:
    """Return a text for each finding, the first of a severity with a heading."""
    blocks: list[str] = []
    severity = None
    for finding in findings:
        heading = "" if finding.severity is severity else f"### {_heading(report, finding.severity)}\n\n"
        severity = finding.severity
        blocks.append(heading + _block(report, finding, excerpts=excerpts))
    return blocks


def _heading(report: Report, severity: Severity) -> str:
    return counted(report.count(severity), LABELS[severity])


def _block(report: Report, finding: Finding, *, excerpts: bool) -> str:
    name = prose(report.rule_name(finding.code))
    where = _place(report, finding.span, finding.span.column)
    within = f" in {code(finding.workflow)}" if finding.workflow else ""
    said = prose(finding.message) + (f" {prose(finding.advice)}" if finding.advice else "")
    head = f"**[{prose(finding.code)}]({rule_url(finding.code)}) {name}**".replace(" **", "**")
    lines = [f"{head} at {where}{within}\n", f"{said}\n"]
    shown = finding_text(report, finding) if excerpts else ""
    return "\n".join([*lines, fenced(shown, "text")] if shown else lines)


def _row(report: Report, workflow: WorkflowSummary) -> str:
    cells = (
        cell(workflow.name),
        cell(workflow.class_name),
        _place(report, _span(workflow)),
        str(workflow.steps),
        yes_or_no(value=workflow.has_dag),
        yes_or_no(value=workflow.complete),
    )
    return f"| {' | '.join(cells)} |\n"


def _span(workflow: WorkflowSummary) -> Span:
    return Span(workflow.path, workflow.line, 1, workflow.line, 1)


def _place(report: Report, span: Span, column: int | None = None) -> str:
    """Return where something is, with a link to it where that is known."""
    shown = cell(f"{span.path}:{span.line}" + ("" if column is None else f":{column}"))
    link = source_link(report, span)
    return f"[{shown}](<{link}>)" if link else shown


def _some(lines: Sequence[str], room: int, noun: str) -> str:
    """Return as many of the lines as there is room for, and how many there are more."""
    count = fitting(lines, room)
    more = f"\n… and {counted(len(lines) - count, noun)} more.\n" if count < len(lines) else ""
    return "".join(lines[:count]) + more


def _diagrams(report: Report, room: int) -> list[str]:
    drawable = [
        partial(diagram, workflow.name, workflow.steps, workflow.graph)
        for workflow in report.workflows
        if workflow.graph is not None
    ]
    return fitting_diagrams(drawable, room, "stepgraph graph")
