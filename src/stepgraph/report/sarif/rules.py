"""Rules as SARIF describes them."""

from __future__ import annotations

from typing import Final

from stepgraph.checks.rule import Rule
from stepgraph.checks.severity import Confidence, Severity
from stepgraph.report.explained.page import rule_body
from stepgraph.report.groups import group_of
from stepgraph.report.links import rule_url

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
