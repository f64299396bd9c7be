"""Rules explained as JSON data."""

from __future__ import annotations

from collections.abc import Iterable

from stepgraph.checks.example import Example
from stepgraph.checks.rule import Rule
from stepgraph.report.links import rule_url


def rule_data(rule: Rule) -> dict[str, object]:
    """Return all that is to be said about a rule."""
    return {
        "code": rule.code,
        "name": rule.name,
        "severity": rule.severity.value,
        "confidence": rule.confidence.value,
        "summary": rule.summary,
        "why": rule.why,
        "fix": rule.fix,
        "source": rule.source,
        "url": rule_url(rule.code),
        "flagged": _examples(rule.flagged()),
        "clean": _examples(rule.clean()),
    }


def _examples(examples: Iterable[Example]) -> list[dict[str, object]]:
    return [
        {"title": one.title, "files": [{"path": path, "text": text} for path, text in one.files]} for one in examples
    ]
