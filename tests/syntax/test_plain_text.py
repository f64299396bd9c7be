"""The source of common expressions is that of LibCST's code generator."""

from __future__ import annotations

import libcst as cst
import pytest

from stepgraph.syntax.source_text import plain_text
from stepgraph.syntax.walk import all_nodes
from tests.fixtures.files import FIXTURES


@pytest.mark.parametrize(
    "source",
    [
        "f( a , * b , key = c , ** d , )",
        "await  a . b",
        "items [ 0 ] [ 'a' , ]",
        "f'{ a !r:>{width}} {{b}}'",
        "{ 'a' : [ 1 , 2.0 , ] , }",
        "a  ==  b <= c is d",
        "a + b  and  c % d",
        "not  a  is - 1",
    ],
)
def test_spaces_are_as_written(source: str) -> None:
    assert plain_text(cst.parse_expression(source)) == source


@pytest.mark.parametrize(
    "source",
    ["(a)", "f(\n    a,  # first\n)", "a.\\\nb", "a if b else c", "{**a}", "[*a]", "f'{a=}'", "a not in b", "a[1:]"],
)
def test_other_expressions_need_the_code_generator(source: str) -> None:
    assert plain_text(cst.parse_expression(source)) is None


def test_arguments_without_commas_need_the_code_generator() -> None:
    call = cst.Call(cst.Name("f"), [cst.Arg(cst.Name("a")), cst.Arg(cst.Name("b"))])
    assert plain_text(call) is None


def test_texts_of_a_module_equal_those_of_the_code_generator() -> None:
    module = cst.parse_module((FIXTURES / "gallery" / "data_deletion.py").read_text(encoding="utf-8"))
    texts = [(module.code_for_node(node), text) for node in all_nodes(module) if (text := plain_text(node)) is not None]
    assert len(texts) > 100
    assert [written for written, text in texts if written != text] == []
