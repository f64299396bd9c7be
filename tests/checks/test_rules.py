"""Test the examples of each rule."""

from __future__ import annotations

from pathlib import Path

import pytest

from stepgraph.checks.catalogue import RULES
from stepgraph.checks.diagnostic import Severity
from stepgraph.checks.page import Example, read_page
from stepgraph.checks.rule import Rule
from tests.checks.examples import findings_of_example, marked_lines

_MIN_EXAMPLES = 3

_FLAGGED = [pytest.param(rule, e, id=f"{rule.code} {e.title}") for rule in RULES for e in read_page(rule).flagged]
_CLEAN = [pytest.param(e, id=f"{rule.code} {e.title}") for rule in RULES for e in read_page(rule).clean]


@pytest.mark.slow
@pytest.mark.parametrize(("rule", "example"), _FLAGGED)
def test_rule_flags_exactly_the_marked_lines(rule: Rule, example: Example, tmp_path: Path) -> None:
    findings = [f for f in findings_of_example(example, tmp_path) if f.code == rule.code]

    places = [(Path(f.span.path).relative_to(tmp_path).as_posix(), f.span.line) for f in findings]
    assert sorted(places) == marked_lines(example, rule.code)
    assert places, "a flagged example has a line that ends in a comment with the code"


@pytest.mark.slow
@pytest.mark.parametrize("example", _CLEAN)
def test_clean_examples_have_no_findings(example: Example, tmp_path: Path) -> None:
    assert [str(f) for f in findings_of_example(example, tmp_path) if f.severity is not Severity.NOTE] == []


def test_rules_have_enough_examples() -> None:
    pages = {rule.code: read_page(rule) for rule in RULES}
    assert [code for code, page in pages.items() if min(len(page.flagged), len(page.clean)) < _MIN_EXAMPLES] == []


def _modules_of(rule: Rule) -> list[str]:
    checks = (rule.check, rule.check_project, rule.check_ignores)
    return [check.__module__.rsplit(".", 1)[-1] for check in checks]


def test_modules_are_named_after_their_rules() -> None:
    assert [rule.code for rule in RULES if rule.name.replace("-", "_") not in _modules_of(rule)] == []


def test_rules_are_ordered_by_code() -> None:
    codes = [rule.code for rule in RULES]

    assert codes == sorted(set(codes))
