"""The examples on each rule: what they flag, and what they do not."""

from __future__ import annotations

from pathlib import Path

import pytest

from stepgraph.checks.catalogue import RULES
from stepgraph.checks.diagnostic import Severity
from stepgraph.checks.example import Example
from stepgraph.checks.rule import Rule
from tests.checks.running import findings, marked

_FEWEST = 3

_FLAGGED = [pytest.param(rule, e, id=f"{rule.code} {e.title}") for rule in RULES for e in rule.flagged()]
_CLEAN = [pytest.param(e, id=f"{rule.code} {e.title}") for rule in RULES for e in rule.clean()]


@pytest.mark.slow
@pytest.mark.parametrize(("rule", "example"), _FLAGGED)
def test_a_rule_flags_the_marked_lines_and_no_others(rule: Rule, example: Example, tmp_path: Path) -> None:
    found = [f for f in findings(example, tmp_path) if f.code == rule.code]

    places = [(Path(f.span.path).relative_to(tmp_path).as_posix(), f.span.line) for f in found]
    assert sorted(places) == marked(example, rule.code)
    assert places, "a flagged example has a line that ends in a comment with the code"


@pytest.mark.slow
@pytest.mark.parametrize("example", _CLEAN)
def test_nothing_is_found_in_clean_code(example: Example, tmp_path: Path) -> None:
    assert [str(f) for f in findings(example, tmp_path) if f.severity is not Severity.INFORMATION] == []


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.code)
def test_a_rule_has_examples_enough(rule: Rule) -> None:
    assert len(rule.flagged()) >= _FEWEST
    assert len(rule.clean()) >= _FEWEST


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.code)
def test_the_module_of_a_rule_bears_its_name(rule: Rule) -> None:
    modules = [check.__module__.rsplit(".", 1)[-1] for check in (rule.check, rule.check_project, rule.check_ignores)]
    assert rule.name.replace("-", "_") in modules


def test_rules_stand_in_the_order_of_their_codes() -> None:
    codes = [rule.code for rule in RULES]

    assert codes == sorted(set(codes))
