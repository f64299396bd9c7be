"""Documentation of rules as text, JSON and Markdown."""

from __future__ import annotations

import cmarkgfm
import pytest

from stepgraph.checks.catalogue import RULES
from stepgraph.checks.rule import Rule
from stepgraph.render.text_width import cell_width
from stepgraph.report.rules import explanation, group_of, rule_data, rules_page, rules_table
from tests.report.reports import OTHER_RULE, RULE

BOTH = (RULE, OTHER_RULE)


def test_table_has_a_row_for_each_rule() -> None:
    assert rules_table(BOTH) == (
        "CODE   NAME                        SEVERITY  SUMMARY\n"
        "SG118  step-called-with-arguments  error     A declared step is called with arguments.\n"
        "SG205  unknown-duration-unit       warning   A declared step is called with arguments.\n"
    )


def test_narrow_terminal_wraps_summaries() -> None:
    assert rules_table([RULE], 76) == (
        "CODE   NAME                        SEVERITY  SUMMARY\n"
        "SG118  step-called-with-arguments  error     A declared step is called with\n"
        "                                             arguments.\n"
    )


def test_explanation_has_reason_fix_and_examples() -> None:
    assert explanation(RULE).startswith(
        "SG118 step-called-with-arguments  error\n"
        "\n"
        "A declared step is called with arguments.\n"
        "\n"
        "Why     What `@step.do(...)` makes of a function takes no arguments, so the call fails with a TypeError.\n"
        "Fix     Read the value from around the step's function; for one step per value, declare it in a function"
        " that is given the value.\n"
        "Source  SDK: the wrapper that `step.do` returns; seen by running it.\n"
        "\n"
        "Flagged: an argument by position\n"
        "\n"
        "    from workers import WorkflowEntrypoint\n"
    )
    assert "\nClean: a helper that is no step\n" in explanation(RULE)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.code)
def test_reasons_fit_the_terminal(rule: Rule) -> None:
    reasons = explanation(rule, width=80).partition("\nFlagged")[0]
    assert max(map(cell_width, reasons.splitlines())) <= 80


def test_tables_link_to_sections() -> None:
    page = rules_page(BOTH)
    for rule in BOTH:
        assert f"| [{rule.code}](#{rule.code.lower()}-{rule.name}) | {rule.name} | {rule.summary} |\n" in page
        assert page.count(f'<a id="{rule.code.lower()}"></a>\n\n## {rule.code} {rule.name}\n') == 1


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.code)
def test_rule_texts_are_valid_markdown(rule: Rule) -> None:
    read = cmarkgfm.github_flavored_markdown_to_html(f"{rule.summary}\n\n{rule.why}\n\n{rule.fix}\n\n{rule.source}")
    assert "<!-- raw HTML omitted -->" not in read
    assert "<em>" not in read
    assert "`" not in read, "a backtick without its other one"
    assert "<td>" in cmarkgfm.github_flavored_markdown_to_html(rules_page([rule]))


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.code)
def test_every_rule_has_a_group(rule: Rule) -> None:
    assert rule.code.startswith(group_of(rule).prefix)


def test_rule_data_has_examples_with_files() -> None:
    data = rule_data(RULE)
    assert (data["code"], data["severity"], data["confidence"]) == ("SG118", "error", "high")
    flagged = data["flagged"]
    assert isinstance(flagged, list)
    assert flagged[0]["title"] == "an argument by position"
    assert [file["path"] for file in flagged[0]["files"]] == ["entry.py"]
