"""Deep and long workflows have a result, or an error with its location."""

from __future__ import annotations

from pathlib import Path

import pytest

from stepgraph.api import analyze_source, check_analysis
from stepgraph.model.note import InputError
from tests.effort import sample
from tests.hostile.conftest import Command
from tests.hostile.deep_programs import DEEP, Program


def is_analyzed(source: str) -> bool:
    """Analyze and check a source. Return False if it is refused as invalid or too large."""
    try:
        check_analysis(analyze_source(source, "entry.py"))
    except InputError as error:
        assert error.problem.line is not None  # noqa: PT017 - a refusal needs a location
        return False
    return True


@pytest.mark.slow
@pytest.mark.parametrize("program", DEEP.values(), ids=DEEP.keys())
def test_programs_of_depth_100_are_analyzed_or_refused(program: Program) -> None:
    is_analyzed(program(100))


# Generated programs can be this long.
ANALYZED = [
    *["calls", "attributes", "subscripts", "calls of methods", "sums", "comparisons", "ands", "ors of ands", "bars"],
    *["conditions", "lambdas", "negations", "strings", "formatted strings", "targets", "cases", "elifs", "parameters"],
    *["statements on a line", "chain of functions", "chain of methods", "ring of functions", "clique of functions"],
    *["functions called twice", "lists held twice", "base classes", "ring of base classes", "names for a name"],
    *["names for a name of the module", "ring of names", "steps that need each other", "ifs after each other"],
    *["returns after each other", "steps", "name of a step", "clauses of a comprehension", "line continuations"],
]


@pytest.mark.slow
@pytest.mark.parametrize("name", sample(ANALYZED, 13))
def test_programs_of_length_300_are_analyzed(name: str) -> None:
    assert is_analyzed(DEEP[name](300))


# Each of these programs once crashed the process or made it hang.
KILLERS: dict[str, str] = {
    "1,500 brackets": "x = " + "(" * 1_500 + ")" * 1_500,
    "100,000 brackets": "x = " + "(" * 100_000 + ")" * 100_000,
    "100,000 brackets behind closed ones in text": "x = " + '[")",' * 100_000 + "]" * 100_000,
    "100,000 brackets in formatted text": "x = f'{" + "(" * 100_000 + "1" + ")" * 100_000 + "}'",
    "100,000 brackets that are not closed": "x = " + "[(" * 50_000,
    "100,000 fields": "x = " + "f'{" * 100_000 + "a" + "}'" * 100_000,
    "3,000 calls": "x = f" + "()" * 3_000,
    "6,000 attributes": "x = a" + ".b" * 6_000,
    "a megabyte of calls": "x = f" + "()" * 500_000,
    "a megabyte of attributes": "x = a" + ".b" * 500_000,
    "a megabyte of subscripts": "x = a" + "[0]" * 333_000,
    "a megabyte of sums": "x = a" + " + a" * 250_000,
    "a megabyte of conditions": "x = " + "a if b else " * 80_000 + "c",
    "a megabyte of negations": "x = " + "not " * 250_000 + "a",
    "a megabyte of signs": "x = " + "-" * 1_000_000 + "a",
    "a megabyte of lambdas": "x = " + "lambda: " * 125_000 + "a",
    "a megabyte of dots": "from " + "." * 1_000_000 + " import a",
    "patterns": "match x:\n    case " + "[" * 60 + "]" * 60 + ": pass",
    "indentation": "".join(" " * level + "if a:\n" for level in range(1_000)) + " " * 1_000 + "pass",
}


@pytest.mark.slow
@pytest.mark.parametrize("source", KILLERS.values(), ids=KILLERS.keys())
def test_source_that_would_crash_the_parser_is_refused(source: str) -> None:
    with pytest.raises(InputError) as caught:
        analyze_source(source + "\n", "entry.py")
    assert caught.value.problem.line is not None
    assert "\n" not in str(caught.value)


@pytest.mark.slow
def test_a_project_of_such_sources_is_refused(process: Command) -> None:
    for number, source in enumerate(KILLERS.values()):
        Path(f"m{number}.py").write_text(f"from workers import WorkflowEntrypoint\n{source}\n", encoding="utf-8")
    result = process("graph", ".")
    assert result.is_graceful
    assert (result.code, result.out) == (2, "")
    assert len(result.err.splitlines()) == len(KILLERS)
