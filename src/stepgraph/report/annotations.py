"""The report as annotations of code: workflow commands for GitHub Actions, and GitLab's Code Quality format.

https://docs.gitlab.com/ci/testing/code_quality/#code-quality-report-format
"""

from __future__ import annotations

from typing import Final, TypedDict

from stepgraph.checks.baseline import fingerprint
from stepgraph.checks.diagnostic import Finding, Severity
from stepgraph.escaping.report_fields import github_command, shown_field
from stepgraph.json_text import pretty_json
from stepgraph.report.report import (
    NOTHING_CHECKED,
    FingerprintedFinding,
    Report,
    Verdict,
    WorkflowSummary,
    missing_dag_message,
)
from stepgraph.report.text import summary_text

_GITHUB_COMMANDS: Final = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTE: "notice"}

# GitLab's severities `critical` and `blocker` are not used.
_GITLAB_SEVERITIES: Final = {Severity.ERROR: "major", Severity.WARNING: "minor", Severity.NOTE: "info"}
_REQUIRE_DAG: Final = "require-dag"


def render_github(report: Report, *, quiet: bool = False) -> str:
    """Return one annotation per line, then the summary unless `quiet`.

    The paths of annotations are relative to the root of the repository.
    """
    lines = [_annotation(report, reported.finding) for reported in report.findings]
    lines += [_missing_dag_annotation(report, workflow) for workflow in report.workflows_without_dag]
    if report.verdict is Verdict.EMPTY:
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
    return github_command(_GITHUB_COMMANDS[finding.severity], properties, *lines)


def _missing_dag_annotation(report: Report, workflow: WorkflowSummary) -> str:
    file, line = report.path_from_root(workflow.path), str(workflow.line)
    properties = {"file": file, "line": line, "title": "stepgraph check"}
    return github_command("error", properties, missing_dag_message(workflow))


class _LineRange(TypedDict):
    begin: int
    end: int


class _Location(TypedDict):
    path: str
    lines: _LineRange


class _Violation(TypedDict):
    description: str
    check_name: str
    fingerprint: str
    severity: str
    location: _Location


def render_gitlab(report: Report) -> str:
    """Return the findings and the missing graphs as JSON. Paths are relative to the root of the repository."""
    violations = [_violation(report, reported) for reported in report.findings]
    return pretty_json(
        [*violations, *(_missing_dag_violation(report, workflow) for workflow in report.workflows_without_dag)]
    )


def _violation(report: Report, reported: FingerprintedFinding) -> _Violation:
    finding = reported.finding
    path = report.path_from_root(finding.span.path)
    return {
        "description": shown_field(finding.message, finding.advice),
        "check_name": f"{finding.code} {report.rule_name(finding.code)}".rstrip(),
        # The path from the root distinguishes equal files of several projects, whose reports a pipeline may combine.
        "fingerprint": fingerprint(finding.code, path, reported.fingerprint or finding.message, 1),
        "severity": _GITLAB_SEVERITIES[finding.severity],
        "location": {"path": shown_field(path), "lines": {"begin": finding.span.line, "end": finding.span.end_line}},
    }


def _missing_dag_violation(report: Report, workflow: WorkflowSummary) -> _Violation:
    path = report.path_from_root(workflow.path)
    return {
        "description": shown_field(missing_dag_message(workflow)),
        "check_name": _REQUIRE_DAG,
        "fingerprint": fingerprint(_REQUIRE_DAG, path, workflow.name, 1),
        "severity": _GITLAB_SEVERITIES[Severity.ERROR],
        "location": {"path": shown_field(path), "lines": {"begin": workflow.line, "end": workflow.line}},
    }
