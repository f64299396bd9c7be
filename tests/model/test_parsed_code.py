"""Test the parsing of code in names, graphs and details."""

from __future__ import annotations

import ast
import warnings

import pytest

from stepgraph.model.exception_types import are_unrelated
from stepgraph.model.parsed_code import parse_expression, parse_statements

TOO_DEEP = "-" * 60_000 + "order"


def test_spaces_around_an_expression_are_ignored() -> None:
    assert isinstance(parse_expression(" order.id "), ast.Attribute)


def test_a_statement_is_no_expression() -> None:
    assert parse_expression("order = 1") is None
    assert parse_statements("order = 1") is not None


@pytest.mark.parametrize("text", ["order[", "\0", "\ud800", TOO_DEEP])
def test_text_that_python_does_not_parse_has_no_tree(text: str) -> None:
    assert parse_expression(text) is None
    assert parse_statements(text) is None


def test_no_warning_about_escapes_is_printed() -> None:
    with warnings.catch_warnings(record=True) as printed:
        warnings.simplefilter("always")
        assert parse_expression(r"'\d'") is not None
    assert not printed


def test_handlers_of_deeply_nested_types_may_be_related() -> None:
    assert not are_unrelated(TOO_DEEP, "ValueError")
