"""Source text in a canonical format."""

from __future__ import annotations

import libcst as cst
import pytest

from stepgraph.syntax.parse import parse_module
from stepgraph.syntax.source_text import formatted_text, source_text


def formatted(source: str) -> str:
    return formatted_text(cst.parse_module(""), cst.parse_expression(source))


@pytest.mark.parametrize(
    "source",
    [
        "f( a,b = 'c' )",
        "f(\n    a,\n    b='c',  # last\n)",
        'f(a, b="c")',
        "(f(a, b='c'))",
    ],
)
def test_layouts_of_a_call_have_the_same_text(source: str) -> None:
    assert formatted(source) == 'f(a, b="c")'


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("a+b*-c", "a + b * -c"),
        ("[1, 2,]", "[1, 2]"),
        ("{'a':1,**b,}", '{"a": 1, **b}'),
        ("(a and\n  b)", "a and b"),
        ("( x,y )", "(x, y)"),
        ("(x for x in y)", "(x for x in y)"),
        ("lambda x=1,*a:x", "lambda x=1, *a: x"),
        ("'a' \"b\"", '"a" "b"'),
        ("x [1:2 ]", "x[1:2]"),
    ],
)
def test_text_has_the_style_of_formatters(source: str, text: str) -> None:
    assert formatted(source) == text


@pytest.mark.parametrize("source", ["(x,)", r"'it\'s'", "'\"'", "f'{x[\"a\"]}'", '"it\'s"'])
def test_text_keeps_its_meaning(source: str) -> None:
    assert formatted(source) == source


def test_an_index_of_one_element_keeps_its_comma() -> None:
    assert formatted("x[a,]") == "x[a, ]"


def test_a_plain_f_string_has_double_quotes() -> None:
    assert formatted("f'order {n}'") == 'f"order {n}"'


def test_a_very_long_text_is_not_formatted() -> None:
    source = "[" + "1,2," * 600 + "]"
    assert formatted(source) == source


@pytest.mark.parametrize(
    ("source", "head"),
    [
        ("for a, b in (\n    x,\n    y,\n):\n    run(a)", "for a, b in (x, y,)"),
        ("while (row := read()) and row.next:\n    run(row)\nelse:\n    stop()", "while (row := read()) and row.next"),
        ("if test:\n    run()\nelif other:\n    stop()", "if test"),
        ("with (\n    first() as a,  # held\n    second,\n):\n    run(a)", "with first() as a, second"),
        ("match state, count:\n    case 1, 2:\n        run()", "match state, count"),
        ("try:\n    run()\nexcept OSError:\n    stop()", "try"),
        ("async def job(step):\n    run()", "job"),
    ],
)
def test_compound_statement_is_its_head(source: str, head: str) -> None:
    module = cst.parse_module(source)
    assert source_text(module, module.body[0]) == head


@pytest.mark.slow
@pytest.mark.parametrize(("count", "length"), [(3_000, 9_000), (4_000, 200)])
def test_very_long_texts_of_cases_are_truncated(count: int, length: int) -> None:
    module = parse_module(f"[{'a, ' * count}]\n".encode(), "entry.py")
    statement = module.tree.body[0]
    assert abs(len(module.case_text(statement)) - length) < 5
