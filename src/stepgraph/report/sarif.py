"""x."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from stepgraph.checks.rule import Rule
from stepgraph.checks.severity import Confidence, Severity
from stepgraph.escaping.report_fields import sarif_message, shown_field, url_path
from stepgraph.json_text import pretty_json
from stepgraph.model.span import Span
from stepgraph.report.report import HOME, Report, ReportedFinding, Verdict, rule_url
from stepgraph.report.rules import group_of, rule_body
from stepgraph.report.wording import NOTHING_CHECKED, unmet_message


def message(*parts: str) -> dict[str, object]:
    """Return a `message` of these parts, those that are not empty, as plain text: `[a](b)` in it is no link."""
    return {"text": sarif_message(*parts)}


ROOT: Final = "%SRCROOT%"
"""Stands for the folder to which paths are relative. Where that is, a viewer knows, and the report does not say."""

_DRIVE: Final = re.compile(r"[A-Za-z]:/")


def location(report: Report, span: Span, workflow: str = "") -> dict[str, object]:
    """Return a `location`: a stretch of a file, and the workflow that it is in."""
    place: dict[str, object] = {
        "physicalLocation": {"artifactLocation": artifact(report, span.path), "region": _region(span)}
    }
    if workflow:
        place["logicalLocations"] = [{"name": shown_field(workflow), "kind": "type"}]
    return place


def artifact(report: Report, path: str) -> dict[str, object]:
    """Return an `artifactLocation`: relative to the root, or as an absolute URI of what is not in there."""
    known = report.path_from_root(path)
    if known.startswith("/"):
        return {"uri": f"file://{url_path(known)}"}
    if _DRIVE.match(known):
        return {"uri": f"file:///{known[0]}:{url_path(known[2:])}"}
    return {"uri": url_path(known), "uriBaseId": ROOT}


def _region(span: Span) -> dict[str, object]:
    return {
        "startLine": span.line,
        "startColumn": span.column,
        "endLine": span.end_line,
        "endColumn": span.end_column,
    }


LEVELS: Final = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFORMATION: "note"}

# In the words of GitHub's code scanning, which sorts by them.
_PRECISIONS: Final = {Confidence.HIGH: "very-high", Confidence.MEDIUM: "medium"}
_PROBLEM_SEVERITIES: Final = {
    Severity.ERROR: "error",
    Severity.WARNING: "warning",
    Severity.INFORMATION: "recommendation",
}


def descriptor(rule: Rule) -> dict[str, object]:
    """Return a `reportingDescriptor`."""
    return {
        "id": rule.code,
        "name": rule.name,
        "shortDescription": {"text": rule.summary},
        "fullDescription": {"text": f"{rule.summary} {rule.why}"},
        "help": {"text": f"{rule.why} {rule.fix}", "markdown": rule_body(rule)},
        "helpUri": rule_url(rule.code),
        "defaultConfiguration": {"level": LEVELS[rule.severity]},
        "properties": {
            "precision": _PRECISIONS[rule.confidence],
            "problem.severity": _PROBLEM_SEVERITIES[rule.severity],
            "tags": ["cloudflare-workflows", group_of(rule).tag],
        },
    }


_SCHEMA: Final = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_ROOT_MEANING: Final = "The root of the repository, or else the working directory of the check."
FINGERPRINT: Final = "stepgraph/v1"


def render_sarif(report: Report) -> str:
    """Return the report as SARIF: one run, with all rules and a result for each finding."""
    return pretty_json({"$schema": _SCHEMA, "version": "2.1.0", "runs": [_run(report)]})


def _run(report: Report) -> dict[str, object]:
    numbers = {rule.code: number for number, rule in enumerate(report.rules)}
    return {
        "tool": {
            "driver": {
                "name": "stepgraph",
                "version": report.version,
                "informationUri": HOME,
                "rules": [descriptor(rule) for rule in report.rules],
            }
        },
        "invocations": [_invocation(report)],
        "originalUriBaseIds": {ROOT: {"description": {"text": _ROOT_MEANING}}},
        "columnKind": "unicodeCodePoints",
        "results": [*_results(report, numbers)],
    }


def _results(report: Report, numbers: dict[str, int]) -> Iterator[dict[str, object]]:
    """Yield a result for each finding: those that count, those in the baseline, and those that a comment ignores."""
    for reported in report.findings:
        yield _result(report, reported, numbers)
    for reported in report.known:
        yield {**_result(report, reported, numbers), "baselineState": "unchanged"}
    for ignored in report.ignored:
        suppression = {"kind": "inSource", **({"justification": shown_field(ignored.reason)} if ignored.reason else {})}
        yield {**_result(report, ReportedFinding(ignored.finding), numbers), "suppressions": [suppression]}


def _result(report: Report, reported: ReportedFinding, numbers: dict[str, int]) -> dict[str, object]:
    finding = reported.finding
    result: dict[str, object] = {"ruleId": finding.code}
    if finding.code in numbers:
        result["ruleIndex"] = numbers[finding.code]
    result["level"] = LEVELS[finding.severity]
    result["message"] = message(finding.message, finding.advice)
    result["locations"] = [location(report, finding.span, finding.workflow)]
    if reported.fingerprint is not None:
        result["partialFingerprints"] = {FINGERPRINT: reported.fingerprint}
    return result


def _invocation(report: Report) -> dict[str, object]:
    """Return how the run went: it succeeded if all inputs were read and there was something to check."""
    notifications: list[dict[str, object]] = [
        {
            "level": "error",
            "message": message(unmet_message(workflow)),
            "locations": [location(report, Span(workflow.path, workflow.line, 1, workflow.line, 1), workflow.name)],
        }
        for workflow in report.unmet
    ]
    if report.verdict is Verdict.NOTHING:
        notifications.append({"level": "error", "message": message(NOTHING_CHECKED)})
    return {
        "executionSuccessful": report.verdict in {Verdict.PASSED, Verdict.FAILED},
        "toolExecutionNotifications": notifications,
    }
