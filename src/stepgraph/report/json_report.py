"""The report in stepgraph's JSON format, which `stepgraph schema check` describes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stepgraph.checks.diagnostic import RelatedLocation, Severity
from stepgraph.checks.rule import rule_url
from stepgraph.json_text import json_line, pretty_json
from stepgraph.report.report import FingerprintedFinding, Report, WorkflowSummary, verdict_line

if TYPE_CHECKING:
    from stepgraph.model import check_report as shapes


def render_json(report: Report) -> str:
    """Return the report as JSON text. Reading it gives strings of the source unchanged, even lone surrogates."""
    return pretty_json(json_report(report))


def render_json_lines(report: Report) -> str:
    """Return each finding as a JSON object on its own line, with the fields of `findings` in the JSON report."""
    return "".join(f"{json_line(_finding(report, reported))}\n" for reported in report.findings)


def json_report(report: Report) -> shapes.CheckReport:
    """Return the report as JSON data."""
    return {
        "version": 2,
        "tool": {"name": "stepgraph", "version": report.version},
        "summary": {
            "verdict": report.verdict.value,
            "text": verdict_line(report),
            "fail_on": report.fail_on.value,
            "require_dag": report.require_dag,
            "workflows": len(report.workflows),
            "errors": report.count(Severity.ERROR),
            "warnings": report.count(Severity.WARNING),
            "notes": report.count(Severity.NOTE),
            "known": len(report.baselined),
            "ignored": len(report.suppressed),
        },
        "workflows": [_workflow(workflow) for workflow in report.workflows],
        "findings": [_finding(report, reported) for reported in report.findings],
        "known": [_finding(report, reported) for reported in report.baselined],
        "ignored": [
            {"reason": suppressed.reason, "finding": _finding(report, FingerprintedFinding(suppressed.finding))}
            for suppressed in report.suppressed
        ],
    }


def _workflow(workflow: WorkflowSummary) -> shapes.CheckedWorkflow:
    return {
        "name": workflow.name,
        "class_name": workflow.class_name,
        "path": workflow.path,
        "line": workflow.line,
        "has_dag": workflow.has_dag,
        "steps": workflow.steps,
        "complete": workflow.complete,
    }


def _related_data(related: RelatedLocation) -> shapes.ReportedLocation:
    return {
        "message": related.message,
        "path": related.span.path,
        "line": related.span.line,
        "column": related.span.column,
        "end_line": related.span.end_line,
        "end_column": related.span.end_column,
    }


def _finding(report: Report, reported: FingerprintedFinding) -> shapes.ReportedFinding:
    return finding_data(reported, report.rule_name(reported.finding.code))


def finding_data(reported: FingerprintedFinding, rule_name: str) -> shapes.ReportedFinding:
    """Return a finding as JSON data."""
    finding = reported.finding
    return {
        "code": finding.code,
        "name": rule_name,
        "severity": finding.severity.value,
        "message": finding.message,
        "advice": finding.advice,
        "path": finding.span.path,
        "line": finding.span.line,
        "column": finding.span.column,
        "end_line": finding.span.end_line,
        "end_column": finding.span.end_column,
        "related": [_related_data(related) for related in finding.related],
        "workflow": finding.workflow or None,
        "fix": None if finding.fix is None else finding.fix.applicability.value,
        "fingerprint": reported.fingerprint,
        "url": rule_url(finding.code),
    }
