"""The report as workflow commands of GitHub Actions, which create annotations, and a summary for the log."""

from __future__ import annotations

from typing import Final

from stepgraph.checks.diagnostic import Severity
from stepgraph.checks.finding import Finding
from stepgraph.escaping.report_fields import github_command
from stepgraph.report.report import NOTHING_CHECKED, Report, Verdict, WorkflowSummary, missing_dag_message
from stepgraph.report.text import summary_text

_COMMANDS: Final = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFORMATION: "notice"}


def render_github(report: Report, *, quiet: bool = False) -> str:
    """Return one annotation per line, then the summary unless `quiet`.

    Paths are relative to the root of the repository.
    """
    lines = [_annotation(report, reported.finding) for reported in report.findings]
    lines += [_missing_dag(report, workflow) for workflow in report.workflows_without_dag]
    if report.verdict is Verdict.NOTHING:
        lines.append(github_command("error", {"title": "stepgraph check"}, NOTHING_CHECKED))
    return "".join(f"{line}\n" for line in lines) + ("" if quiet else summary_text(report))


def _annotation(report: Report, finding: Finding) -> str:
    span = finding.span
    properties = {
        "file": report.path_from_root(span.path),
        "line": str(span.line),
        "endLine": str(span.end_line),
        "col": str(span.column),
        "endColumn": str(span.end_column),
        "title": f"{finding.code} {report.rule_name(finding.code)}".rstrip(),
    }
    lines = (part for part in (finding.message, finding.advice) if part)
    return github_command(_COMMANDS[finding.severity], properties, *lines)


def _missing_dag(report: Report, workflow: WorkflowSummary) -> str:
    file, line = report.path_from_root(workflow.path), str(workflow.line)
    properties = {"file": file, "line": line, "title": "stepgraph check"}
    return github_command("error", properties, missing_dag_message(workflow))
