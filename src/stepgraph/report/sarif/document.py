"""The report in SARIF 2.1.0, which code scanning services and editors read."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from stepgraph.escaping.report_fields import shown_field
from stepgraph.json_text import pretty_json
from stepgraph.model.span import Span
from stepgraph.report.links import HOME
from stepgraph.report.report import Report, ReportedFinding
from stepgraph.report.sarif.places import ROOT, location
from stepgraph.report.sarif.rules import LEVELS, descriptor
from stepgraph.report.sarif.text import message
from stepgraph.report.verdict import Verdict
from stepgraph.report.wording import NOTHING_CHECKED, unmet_message

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
