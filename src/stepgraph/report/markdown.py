"""The report in GitHub Markdown, for job summaries and comments on pull requests."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Final

from stepgraph.checks.diagnostic import Finding, Severity
from stepgraph.checks.rule import rule_url
from stepgraph.escaping.markdown import cell, code, fenced, prose
from stepgraph.model.payload import Graph
from stepgraph.model.span import Span
from stepgraph.phrases import counted, workflow_title
from stepgraph.render.flow.mermaid import utf16_length
from stepgraph.render.flow.mermaid_document import (
    MAX_LENGTH,
    NOTES_LENGTH,
    count_fitting,
    fitting_diagrams,
    folded_diagram,
)
from stepgraph.render.view import View
from stepgraph.report.report import (
    Report,
    Verdict,
    WorkflowSummary,
    missing_dag_message,
    source_link,
    verdict_line,
    yes_or_no,
)
from stepgraph.report.text import finding_text

_SIGNS: Final = {Verdict.PASSED: "✅", Verdict.FAILED: "❌", Verdict.UNREADABLE: "❌", Verdict.EMPTY: "⚠️"}
_TABLE_HEAD: Final = "| Workflow | Class | Where | Steps | Graph | Complete |\n| --- | --- | --- | ---: | --- | --- |\n"
_TABLE_SPACE: Final = 20_000
_MISSING_DAGS_SPACE: Final = 10_000


def render_markdown(report: Report, *, quiet: bool = False) -> str:
    """Return the verdict, the workflows, the findings by severity, and a collapsed diagram of each workflow.

    Text beyond GitHub's limit is omitted with a note: first diagrams, then excerpts, then the last findings. With
    `quiet`, workflows and diagrams are omitted.
    """
    start = [f"## {_SIGNS[report.verdict]} Workflow check: {prose(verdict_line(report))}\n"]
    if report.workflows and not quiet:
        start.append(
            _TABLE_HEAD + _limited([_row(report, workflow) for workflow in report.workflows], _TABLE_SPACE, "workflow")
        )
    if report.workflows_without_dag:
        rows = [
            f"- {prose(missing_dag_message(workflow))} {_location(report, _span(workflow))}\n"
            for workflow in report.workflows_without_dag
        ]
        start.append(_limited(rows, _MISSING_DAGS_SPACE, "workflow"))
    space = MAX_LENGTH - NOTES_LENGTH - utf16_length("\n".join(start))
    findings = _findings(report, space)
    space -= utf16_length("\n".join(findings))
    return "\n".join([*start, *findings, *([] if quiet else _diagrams(report, space))])


def _findings(report: Report, space: int) -> list[str]:
    """Return the findings under a heading for each severity, with excerpts if all of them fit."""
    ordered = [
        reported.finding
        for severity in Severity
        for reported in report.findings
        if reported.finding.severity is severity
    ]
    for excerpts in (True, False):
        blocks = _blocks(report, ordered, excerpts=excerpts)
        if utf16_length("\n".join(blocks)) <= space:
            return (
                blocks if excerpts else [*blocks, "Excerpts are omitted, because they would exceed GitHub's limit.\n"]
            )
    count = count_fitting([f"{block}\n" for block in blocks], space)
    omitted = counted(len(ordered) - count, "more finding")
    return [*blocks[:count], f"{omitted} would exceed GitHub's limit. Run `stepgraph check` to see all findings.\n"]


def _blocks(report: Report, findings: Sequence[Finding], *, excerpts: bool) -> list[str]:
    """Return the text of each finding. The first finding of each severity has a heading."""
    blocks: list[str] = []
    severity = None
    for finding in findings:
        heading = "" if finding.severity is severity else f"### {_heading(report, finding.severity)}\n\n"
        severity = finding.severity
        blocks.append(heading + _block(report, finding, excerpts=excerpts))
    return blocks


def _heading(report: Report, severity: Severity) -> str:
    return counted(report.count(severity), severity.value)


def _block(report: Report, finding: Finding, *, excerpts: bool) -> str:
    name = prose(report.rule_name(finding.code))
    location = _location(report, finding.span, finding.span.column)
    workflow_text = f" in {code(finding.workflow)}" if finding.workflow else ""
    message = prose(finding.message) + (f" {prose(finding.advice)}" if finding.advice else "")
    head = f"**[{prose(finding.code)}]({rule_url(finding.code)}) {name}**".replace(" **", "**")
    lines = [f"{head} at {location}{workflow_text}\n", f"{message}\n"]
    excerpt = finding_text(report, finding) if excerpts else ""
    return "\n".join([*lines, fenced(excerpt, "text")] if excerpt else lines)


def _row(report: Report, workflow: WorkflowSummary) -> str:
    cells = (
        cell(workflow.name),
        cell(workflow.class_name),
        _location(report, _span(workflow)),
        str(workflow.steps),
        yes_or_no(value=workflow.has_dag),
        yes_or_no(value=workflow.complete),
    )
    return f"| {' | '.join(cells)} |\n"


def _span(workflow: WorkflowSummary) -> Span:
    return Span(workflow.path, workflow.line, 1, workflow.line, 1)


def _location(report: Report, span: Span, column: int | None = None) -> str:
    """Return a location, with a link if its URL is known."""
    text = cell(f"{span.path}:{span.line}" + ("" if column is None else f":{column}"))
    link = source_link(report, span)
    return f"[{text}](<{link}>)" if link else text


def _limited(lines: Sequence[str], space: int, noun: str) -> str:
    """Return the lines that fit, and the number of omitted ones."""
    count = count_fitting(lines, space)
    note = f"\n… and {counted(len(lines) - count, noun)} more.\n" if count < len(lines) else ""
    return "".join(lines[:count]) + note


def _diagrams(report: Report, space: int) -> list[str]:
    drawable = [
        partial(_diagram, workflow, workflow.graph) for workflow in report.workflows if workflow.graph is not None
    ]
    return fitting_diagrams(drawable, space, "stepgraph graph")


def _diagram(workflow: WorkflowSummary, graph: Graph) -> str:
    view = View(details=workflow.details(), state="" if workflow.complete else "incomplete")
    return folded_diagram(workflow_title(workflow.name, workflow.class_name), workflow.steps, graph, view)
