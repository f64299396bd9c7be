"""The documentation of rules as JSON data, which `stepgraph schema rules` describes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from stepgraph.checks.page import Example, read_page
from stepgraph.checks.rule import Rule, rule_url
from stepgraph.checks.selectors import INPUT_RULES
from stepgraph.report.rules import group_of
from stepgraph.version import __version__

if TYPE_CHECKING:
    from stepgraph.model import rules_report as shapes


def rules_report(rules: Sequence[Rule]) -> shapes.RulesReport:
    """Return the documentation of rules as JSON data."""
    return {
        "version": 1,
        "tool": {"name": "stepgraph", "version": __version__},
        "rules": [_rule(rule) for rule in rules],
    }


def _rule(rule: Rule) -> shapes.DocumentedRule:
    page = read_page(rule)
    return {
        "code": rule.code,
        "name": rule.name,
        "group": group_of(rule).title,
        "severity": rule.severity.value,
        "confidence": rule.confidence.value,
        "fixable": [applicability.value for applicability in rule.fixes],
        "ignorable": rule.code not in INPUT_RULES,
        "summary": page.summary,
        "explanation": page.why,
        "remedy": page.fix,
        "evidence": page.evidence,
        "url": rule_url(rule.code),
        "flagged": _examples(page.flagged),
        "clean": _examples(page.clean),
    }


def _examples(examples: Iterable[Example]) -> list[shapes.RuleExample]:
    return [
        {
            "title": example.title,
            "mode": example.mode.value,
            "files": [{"path": path, "text": text} for path, text in example.files],
        }
        for example in examples
    ]
