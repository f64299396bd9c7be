"""Documentation of rules as text, JSON and Markdown."""

from __future__ import annotations

import cmarkgfm
import pytest
from msgspec.structs import replace
from pydantic import TypeAdapter

from stepgraph.checks.catalogue import RULES
from stepgraph.checks.diagnostic import Applicability
from stepgraph.checks.page import read_page
from stepgraph.checks.rule import Rule
from stepgraph.model.rules_report import RulesReport
from stepgraph.render.text_width import cell_width
from stepgraph.report.rules import (
    explanation,
    group_of,
    rule_page,
    rules_index,
    rules_report,
    rules_table,
    suppressing,
    traits_of,
)
from tests.report.reports import OTHER_RULE, RULE

BOTH = (RULE, OTHER_RULE)
_each_rule = pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.code)


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


def test_explanation_has_reason_fix_and_first_examples() -> None:
    lines = explanation(RULE).splitlines()
    assert lines[:6] == [
        "SG118 step-called-with-arguments  error, high confidence",
        "",
        "A declared step is called with arguments.",
        "",
        "Why this is bad",
        (
            "  The call fails with a TypeError, and the step never runs: `@step.do(...)` replaces the function with a"
            " wrapper that takes no arguments."
        ),
    ]
    assert [line for line in lines if line in ("Example", "Use instead", "Source")] == ["Example", "Use instead"]
    assert "      await charge(10)  # SG118" in lines
    assert lines[-1] == (
        "`stepgraph rules SG118 --all` shows how to suppress the rule, its evidence, and 4 more examples."
    )


def test_whole_explanation_has_all_examples_and_the_source() -> None:
    lines = explanation(RULE, whole=True).splitlines()
    page = read_page(RULE)
    assert [line for line in lines if line.endswith(":") and line[2] != " "] == [
        f"  {example.title}:" for example in (*page.flagged, *page.clean)
    ]
    assert "Source" in lines
    assert lines[-2:] == [
        "Suppressing",
        (
            '  End the line with `# stepgraph: ignore[SG118] reason`, or set `ignore = ["SG118"]` in `[tool.stepgraph]`'
            " of `pyproject.toml`."
        ),
    ]


def test_only_rules_that_flag_configurations_show_json_comments() -> None:
    by_code = {rule.code: rule for rule in RULES}
    assert "(in JSON: `// stepgraph: ignore[SG114] reason`)" in suppressing(by_code["SG114"])
    assert "JSON" not in suppressing(by_code["SG101"])


def test_explanations_are_short() -> None:
    assert [rule.code for rule in RULES if len(explanation(rule, width=100).splitlines()) > 30] == []


def test_reasons_fit_the_terminal() -> None:
    reasons = [explanation(rule, width=80).partition("\nExample")[0] for rule in RULES]
    assert [line for text in reasons for line in text.splitlines() if cell_width(line) > 80] == []


def test_index_links_to_the_pages() -> None:
    index = rules_index(BOTH)
    for rule in BOTH:
        start = f"| [{rule.code}](rules/{rule.code}.md) | {rule.name} | {rule.severity} | {rule.confidence} |"
        row = f"{start} {', '.join(rule.fixes)} | {read_page(rule).summary} |\n"
        assert row in index


@_each_rule
def test_page_has_the_sections_in_order(rule: Rule) -> None:
    page = read_page(rule)
    assert page.text.startswith(f"# {rule.code} {rule.name}\n\n{page.summary[:40]}")
    assert [line for line in rule_page(rule).splitlines() if line.startswith("## ")] == [
        "## Why this is bad",
        "## Example",
        "## Use instead",
        "## Source",
        "## Suppressing",
    ]


@_each_rule
def test_rule_texts_are_valid_markdown(rule: Rule) -> None:
    page = read_page(rule)
    html = cmarkgfm.github_flavored_markdown_to_html(f"{page.summary}\n\n{page.why}\n\n{page.fix}\n\n{page.evidence}")
    assert "<!-- raw HTML omitted -->" not in html
    assert "<em>" not in html
    assert "`" not in html, "a backtick without its other one"
    assert "<td>" in cmarkgfm.github_flavored_markdown_to_html(rules_index([rule]))


def test_every_rule_has_a_group() -> None:
    assert [rule.code for rule in RULES if not rule.code.startswith(group_of(rule).prefix)] == []


@pytest.mark.parametrize(
    ("fixes", "traits"),
    [
        ((), "error, high confidence"),
        ((Applicability.SAFE, Applicability.UNSAFE), "error, high confidence, safe or unsafe fix"),
        ((Applicability.UNSAFE,), "error, high confidence, unsafe fix"),
    ],
)
def test_traits_name_the_kinds_of_fixes(fixes: tuple[Applicability, ...], traits: str) -> None:
    assert traits_of(replace(RULE, fixes=fixes)) == traits


def test_rules_report_is_valid() -> None:
    TypeAdapter(RulesReport).validate_python(rules_report(RULES), strict=True)


def test_rules_report_has_examples_with_files() -> None:
    (rule,) = rules_report([replace(RULE, fixes=(Applicability.UNSAFE,))])["rules"]
    assert (rule["code"], rule["severity"], rule["confidence"]) == ("SG118", "error", "high")
    assert (rule["group"], rule["fixable"], rule["ignorable"]) == ("Run-time failures", ["unsafe"], True)
    example = rule["flagged"][0]
    assert (example["title"], example["mode"]) == ("Positional argument", "implicit")
    (file,) = example["files"]
    assert file["path"] == "entry.py"
    assert "        await charge(10)  # SG118\n" in file["text"]
