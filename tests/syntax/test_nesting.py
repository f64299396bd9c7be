"""Modules whose nested brackets or long chains would cost the parser gigabytes or minutes."""

from __future__ import annotations

import pytest

from stepgraph.api import analyze_source
from stepgraph.model.note import InputError
from stepgraph.syntax.nesting import NestingSums, check_nesting

NESTED = "x = " + "f(" * 190 + "1" + ")" * 190 + "\n"
LESS_NESTED = "x = " + "f(" * 48 + "1" + ")" * 48 + "\n"
CHAINED = "x" + ".a" * 900 + "\n"

BRACKETS = "the module has too many deeply nested brackets. Split the expressions."
PATTERN = "    case " + "{1: " * 8 + "x" + "}" * 8 + ": pass\n"
PATTERNS = "the module has too many deeply nested patterns. Match the inner parts in separate `match` statements."
CHAINS = "the module has too many long chains of operators, calls and attributes. Split the expressions."


@pytest.mark.parametrize(
    ("source", "place", "message"),
    [
        (NESTED * 20, "entry.py:4:314", BRACKETS),
        (LESS_NESTED * 100, "entry.py:77:98", BRACKETS),
        (CHAINED * 20, "entry.py:8:1360", CHAINS),
        ("match x:\n" + PATTERN * 200, "entry.py:13:38", PATTERNS),
    ],
    ids=["brackets", "brackets at a medium depth", "attributes", "patterns"],
)
def test_total_nesting_of_a_module_is_limited(source: str, place: str, message: str) -> None:
    with pytest.raises(InputError) as caught:
        analyze_source(source, "entry.py")
    assert str(caught.value) == f"{place}: {message}"


@pytest.mark.parametrize("bracket", ["{1: x}", "[x]", "(x)", "A(x)"])
@pytest.mark.parametrize("begin", ["case \\\n ", "case 'a' | \\\n ", " \\\n case\\\n\\\n ", "case "])
def test_a_deep_pattern_after_a_line_continuation_is_refused(begin: str, bracket: str) -> None:
    opening, closing = bracket.split("x")
    pattern = opening * 20 + "x" + closing * 20
    with pytest.raises(InputError, match="a pattern is nested more than 8 deep"):
        analyze_source(f"match x:\n    {begin}{pattern}:\n        pass\n", "entry.py")


@pytest.mark.slow
def test_the_tokens_of_a_statement_are_limited() -> None:
    sleeps = ",\n".join(["f(1)"] * 40_001)
    with pytest.raises(InputError) as caught:
        analyze_source(f"f(\n{sleeps})\n", "entry.py")
    assert str(caught.value) == ("entry.py:40001:4: a statement has more than 200,000 tokens. Split the statement.")


@pytest.mark.slow
@pytest.mark.parametrize("source", [NESTED, LESS_NESTED * 20, CHAINED * 3], ids=["one", "some", "chains"])
def test_a_few_deep_expressions_are_analyzed(source: str) -> None:
    assert analyze_source(source, "entry.py").workflows == ()


@pytest.mark.slow
def test_deep_nodes_have_locations() -> None:
    header = (
        "from workers import WorkflowEntrypoint\nclass B(WorkflowEntrypoint):\n    async def run(self, event, step):\n"
    )
    source = f"{header}        {CHAINED}        await step.sleep('a', 1)\n"
    (workflow,) = analyze_source(source, "entry.py").workflows
    assert workflow.graph is not None
    span = workflow.span_of(workflow.graph["workflow"]["nodes"][0])
    assert str(span) == "entry.py:5:15"


FEW_PATTERNS = "match x:\n" + PATTERN * 5


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("x = 1\n", "match x:\n    case y: pass\n"),
        ("match x:\n    case y: pass\n", "x = 1\n"),
        ("x = 1\n", "case(x)\n"),
        (FEW_PATTERNS, FEW_PATTERNS + PATTERN * 2),
    ],
    ids=["first match", "no match", "case that may be a pattern", "too many patterns in all"],
)
def test_changes_after_which_the_whole_source_is_checked(old: str, new: str) -> None:
    sums = check_nesting(old + FEW_PATTERNS)
    assert isinstance(sums, NestingSums)
    assert sums.with_change(old, new) is None
