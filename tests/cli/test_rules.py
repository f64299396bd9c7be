"""`stepgraph rules`: lists and explanations of rules."""

from __future__ import annotations

import json

import pytest

from docs.generate.files import ROOT
from docs.generate.rules import INDEX, REFERENCE
from stepgraph.checks.catalogue import RULES
from tests.cli.conftest import Command


def test_all_rules_are_listed(stepgraph: Command) -> None:
    run = stepgraph("rules")
    heading, *rows = run.out.splitlines()
    assert heading.split() == ["CODE", "NAME", "SEVERITY", "SUMMARY"]
    assert [row.split()[:2] for row in rows] == [[rule.code, rule.name] for rule in RULES]
    assert run.code == 0


@pytest.mark.parametrize("name", ["SG118", "sg118", "step-called-with-arguments", "Step_Called_With_Arguments"])
def test_a_rule_is_explained_by_its_code_or_name(stepgraph: Command, name: str) -> None:
    run = stepgraph("rules", name)
    assert run.out.startswith("SG118 step-called-with-arguments  error, high confidence\n")
    assert run.code == 0


@pytest.mark.parametrize("beginning", ["SG2", "sg2"])
def test_a_code_prefix_lists_rules(stepgraph: Command, beginning: str) -> None:
    _, *rows = stepgraph("rules", beginning).out.splitlines()
    assert [row.split()[0] for row in rows] == [rule.code for rule in RULES if rule.code.startswith("SG2")]


@pytest.mark.parametrize("name", ["SG1118", "called-with-arguments", "step-called-with-argument"])
def test_an_unknown_rule_suggests_similar_rules(stepgraph: Command, name: str) -> None:
    run = stepgraph("rules", name)
    assert (run.code, run.out) == (2, "")
    assert run.messages[0].startswith(f"stepgraph: unknown rule `{name}`. Did you mean ")
    assert "SG118 (step-called-with-arguments)" in run.messages[0]


def test_an_unknown_rule_suggests_the_list(stepgraph: Command) -> None:
    assert stepgraph("rules", "zzzzzz").messages == [
        "stepgraph: unknown rule `zzzzzz`. `stepgraph rules` lists all rules."
    ]


def test_json_has_all_rules_or_one(stepgraph: Command) -> None:
    everything = json.loads(stepgraph("rules", "-f", "json").out)
    assert [rule["code"] for rule in everything["rules"]] == [rule.code for rule in RULES]
    (rule,) = json.loads(stepgraph("rules", "SG118", "-f", "json").out)["rules"]
    assert rule["name"] == "step-called-with-arguments"


def test_markdown_is_the_documentation_page(stepgraph: Command) -> None:
    assert stepgraph("rules", "-f", "markdown").out.encode() == (ROOT / INDEX).read_bytes()
    page = stepgraph("rules", "SG118", "-f", "markdown").out
    assert page.encode() == (ROOT / REFERENCE / "rules" / "SG118.md").read_bytes()


def test_all_shows_the_whole_page(stepgraph: Command) -> None:
    assert "\nSource\n" not in stepgraph("rules", "SG118").out
    assert "\nSource\n" in stepgraph("rules", "SG118", "--all").out
