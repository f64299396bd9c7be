"""The report in GitLab's Code Quality format.

https://docs.gitlab.com/ci/testing/code_quality/#code-quality-report-format
"""

from __future__ import annotations

from typing import Final, TypedDict

from stepgraph.checks.baseline import fingerprint
from stepgraph.checks.diagnostic import Severity
from stepgraph.escaping.report_fields import shown_field
from stepgraph.json_text import pretty_json
from stepgraph.report.report import FingerprintedFinding, Report, WorkflowSummary, missing_dag_message

# GitLab's severities `critical` and `blocker` are not used.
_SEVERITIES: Final = {Severity.ERROR: "major", Severity.WARNING: "minor", Severity.INFORMATION: "info"}
_REQUIRE_DAG: Final = "require-dag"


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
    """Return the findings as JSON. Paths are relative to the root of the repository."""
    violations = [_finding(report, reported) for reported in report.findings]
    return pretty_json([*violations, *(_missing_dag(report, workflow) for workflow in report.workflows_without_dag)])


def _finding(report: Report, reported: FingerprintedFinding) -> _Violation:
    finding = reported.finding
    path = report.path_from_root(finding.span.path)
    return {
        "description": shown_field(finding.message, finding.advice),
        "check_name": f"{finding.code} {report.rule_name(finding.code)}".rstrip(),
        # Fingerprints of findings contain configured paths, which several reports of a pipeline may share.
        "fingerprint": fingerprint(finding.code, path, reported.fingerprint or finding.message, 1),
        "severity": _SEVERITIES[finding.severity],
        "location": {"path": shown_field(path), "lines": {"begin": finding.span.line, "end": finding.span.end_line}},
    }


def _missing_dag(report: Report, workflow: WorkflowSummary) -> _Violation:
    path = report.path_from_root(workflow.path)
    return {
        "description": shown_field(missing_dag_message(workflow)),
        "check_name": _REQUIRE_DAG,
        "fingerprint": fingerprint(_REQUIRE_DAG, path, workflow.name, 1),
        "severity": _SEVERITIES[Severity.ERROR],
        "location": {"path": shown_field(path), "lines": {"begin": workflow.line, "end": workflow.line}},
    }
