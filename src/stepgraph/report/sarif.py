"""The report in SARIF 2.1.0, for code scanning services and editors."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from stepgraph.checks.diagnostic import Confidence, Severity
from stepgraph.checks.page import read_page
from stepgraph.checks.rule import HOME, Rule, rule_url
from stepgraph.escaping.report_fields import sarif_message, shown_field, url_path
from stepgraph.json_text import pretty_json
from stepgraph.model.span import Span
from stepgraph.report.report import (
    NOTHING_CHECKED,
    FingerprintedFinding,
    Report,
    Verdict,
    missing_dag_message,
)
from stepgraph.report.rules import group_of, rule_help

_SCHEMA: Final = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_ROOT: Final = "%SRCROOT%"
"""The root of relative paths. Viewers know its location, so the report omits it."""
_ROOT_DESCRIPTION: Final = "The root of the repository, or else the working directory of the check."
_FINGERPRINT_KEY: Final = "stepgraph/v1"
_MISSING_DAG_ADVICE: Final = "Resolve the code that its findings of SG004 name, or omit --require-dag."
_NO_WORKFLOW_ADVICE: Final = "`stepgraph list` shows the workflows that a path selects."
_DRIVE: Final = re.compile(r"[A-Za-z]:/")

_LEVELS: Final = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTE: "note"}

# GitHub's code scanning sorts by these values.
_PRECISIONS: Final = {Confidence.HIGH: "very-high", Confidence.MEDIUM: "medium"}
_PROBLEM_SEVERITIES: Final = {
    Severity.ERROR: "error",
    Severity.WARNING: "warning",
    Severity.NOTE: "recommendation",
}


def render_sarif(report: Report) -> str:
    """Return the report as one SARIF run, with all rules and a result for each finding."""
    return pretty_json({"$schema": _SCHEMA, "version": "2.1.0", "runs": [_run(report)]})


def _run(report: Report) -> dict[str, object]:
    rule_indices = {rule.code: index for index, rule in enumerate(report.rules)}
    return {
        "tool": {
            "driver": {
                "name": "stepgraph",
                "version": report.version,
                "informationUri": HOME,
                "rules": [_descriptor(rule) for rule in report.rules],
            }
        },
        "invocations": [_invocation(report)],
        "originalUriBaseIds": {_ROOT: {"description": {"text": _ROOT_DESCRIPTION}}},
        "columnKind": "unicodeCodePoints",
        "results": [*_results(report, rule_indices)],
    }


def _results(report: Report, rule_indices: dict[str, int]) -> Iterator[dict[str, object]]:
    """Yield a result for each counted, baseline and suppressed finding."""
    for reported in report.findings:
        yield _result(report, reported, rule_indices)
    for reported in report.baselined:
        yield {**_result(report, reported, rule_indices), "baselineState": "unchanged"}
    for suppressed in report.suppressed:
        suppression = {"kind": "inSource"}
        if suppressed.reason:
            suppression["justification"] = shown_field(suppressed.reason)
        yield {**_result(report, FingerprintedFinding(suppressed.finding), rule_indices), "suppressions": [suppression]}


def _result(report: Report, reported: FingerprintedFinding, rule_indices: dict[str, int]) -> dict[str, object]:
    finding = reported.finding
    result: dict[str, object] = {"ruleId": finding.code}
    if finding.code in rule_indices:
        result["ruleIndex"] = rule_indices[finding.code]
    result["level"] = _LEVELS[finding.severity]
    result["message"] = _message(finding.message, finding.advice)
    result["locations"] = [_location(report, finding.span, finding.workflow)]
    if finding.related:
        result["relatedLocations"] = [
            {"id": number, **_location(report, related.span), "message": _message(related.message)}
            for number, related in enumerate(finding.related, 1)
        ]
    if reported.fingerprint is not None:
        result["partialFingerprints"] = {_FINGERPRINT_KEY: reported.fingerprint}
    return result


def _invocation(report: Report) -> dict[str, object]:
    """Return the `invocation`. It succeeded unless an input was unreadable or invalid, or no workflow was checked."""
    notifications: list[dict[str, object]] = [
        {
            "level": "error",
            "message": _message(missing_dag_message(workflow), _MISSING_DAG_ADVICE),
            "locations": [_location(report, Span(workflow.path, workflow.line, 1, workflow.line, 1), workflow.name)],
        }
        for workflow in report.workflows_without_dag
    ]
    if not report.workflows:
        notifications.append({"level": "error", "message": _message(f"{NOTHING_CHECKED}.", _NO_WORKFLOW_ADVICE)})
    return {
        "executionSuccessful": bool(report.workflows) and report.verdict in {Verdict.PASSED, Verdict.FAILED},
        "toolExecutionNotifications": notifications,
    }


def _descriptor(rule: Rule) -> dict[str, object]:
    """Return the `reportingDescriptor` of a rule."""
    page = read_page(rule)
    return {
        "id": rule.code,
        "name": rule.name,
        "shortDescription": {"text": page.summary},
        "fullDescription": {"text": f"{page.summary} {page.why}"},
        "help": {"text": f"{page.why} {page.fix}", "markdown": rule_help(rule)},
        "helpUri": rule_url(rule.code),
        "defaultConfiguration": {"level": _LEVELS[rule.severity]},
        "properties": {
            "precision": _PRECISIONS[rule.confidence],
            "problem.severity": _PROBLEM_SEVERITIES[rule.severity],
            "tags": ["cloudflare-workflows", group_of(rule).tag],
        },
    }


def _location(report: Report, span: Span, workflow: str = "") -> dict[str, object]:
    """Return a `location`: a region of a file, and the workflow if there is one."""
    result: dict[str, object] = {
        "physicalLocation": {"artifactLocation": _artifact(report, span.path), "region": _region(span)}
    }
    if workflow:
        result["logicalLocations"] = [{"name": shown_field(workflow), "kind": "type"}]
    return result


def _artifact(report: Report, path: str) -> dict[str, object]:
    """Return an `artifactLocation`: relative to the root, or an absolute URI outside it."""
    root_path = report.path_from_root(path)
    if root_path.startswith("/"):
        return {"uri": f"file://{url_path(root_path)}"}
    if _DRIVE.match(root_path):
        return {"uri": f"file:///{root_path[0]}:{url_path(root_path[2:])}"}
    return {"uri": url_path(root_path), "uriBaseId": _ROOT}


def _region(span: Span) -> dict[str, object]:
    return {
        "startLine": span.line,
        "startColumn": span.column,
        "endLine": span.end_line,
        "endColumn": span.end_column,
    }


def _message(*parts: str) -> dict[str, object]:
    """Return a `message` of the nonempty parts as plain text, in which `[a](b)` is not a link."""
    return {"text": sarif_message(*parts)}
