"""Parsing: what is no Python is a problem with a place, whatever it is."""

from __future__ import annotations

import pytest

from stepgraph.model.note import InputError
from stepgraph.syntax.deep import run_deep
from stepgraph.syntax.parse import parse_module


def problem_of(source: bytes) -> str:
    with pytest.raises(InputError) as caught:
        run_deep(lambda: parse_module(source, "entry.py"))
    return str(caught.value)


def test_a_syntax_error_has_its_line_and_column() -> None:
    assert problem_of(b"x = 1\ny = = 2\n") == "entry.py:2:5: syntax error: invalid syntax."


def test_a_block_that_is_not_indented_has_its_line() -> None:
    assert problem_of(b"def f():\npass\n").startswith("entry.py:2:1: syntax error: expected an indented block")


def test_brackets_nested_5000_deep_are_refused_before_the_parser_dies_of_them() -> None:
    told = problem_of(b"x = " + b"(" * 5000 + b")" * 5000 + b"\n")
    assert told.startswith("entry.py:1:205: brackets are nested more than 200 deep")


def test_signs_without_end_are_refused_before_the_parser_takes_all_memory_for_them() -> None:
    told = problem_of(b"x = " + b"-" * 20_000 + b"1\n")
    assert told == "entry.py:1:1005: more than 1,000 signs stand before a value. Split the expression."


def test_a_line_of_dashes_in_a_comment_is_no_sign() -> None:
    assert run_deep(lambda: parse_module(b"# " + b"-" * 2_000 + b"\nx = 1\n", "entry.py")).tree.body


def test_brackets_in_text_are_not_nesting() -> None:
    source = b'x = "' + b"(" * 5000 + b'"\n'
    assert run_deep(lambda: parse_module(source, "entry.py")).tree.body


@pytest.mark.parametrize(
    "expression",
    [
        b"f" + b"()" * 1_000,
        b"a" + b".b" * 1_000,
        b" + ".join([b"a"] * 1_000),
        b"not " * 1_000 + b"x",
        b"(" * 150 + b")" * 150,
    ],
    ids=["calls", "attributes", "operators", "negations", "brackets"],
)
def test_long_chains_are_read(expression: bytes) -> None:
    assert run_deep(lambda: parse_module(b"x = " + expression + b"\n", "entry.py")).tree.body


@pytest.mark.parametrize(
    "source",
    [b"", b"# only a comment", b"\xef\xbb\xbfx = 1\r\ny = 2\r\n", b"if x:\n\ty = 1\n\x0c\nz = 2"],
    ids=["empty", "comment", "byte order mark and CRLF", "tabs and a form feed"],
)
def test_odd_files_are_read(source: bytes) -> None:
    assert parse_module(source, "entry.py").source == source


def test_newer_syntax_than_that_of_the_running_python_is_read() -> None:
    source = b"type Pair[T] = tuple[T, T]\ndef first[T](pair: Pair[T]) -> T:\n    return pair[0]\n"
    assert len(parse_module(source, "entry.py").tree.body) == 2
