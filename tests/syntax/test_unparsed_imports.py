"""Imports detected without parsing."""

from __future__ import annotations

import pytest

from stepgraph.syntax.parsed_modules import SearchedSource
from stepgraph.syntax.unparsed_assignments import may_assigned_names
from stepgraph.syntax.unparsed_imports import may_imported_modules


@pytest.mark.parametrize(
    ("source", "modules"),
    [
        (b"import a.b", ((0, "a"), (0, "a.b"))),
        (b"from . import a", ((1, ""), (1, "a"))),
        (b"from ..a import b", ((2, "a"), (2, "a.b"))),
        (b"from a import (\n  b,  # (not c)\n  d\n)", ((0, "a"), (0, "a.b"), (0, "a.d"))),
        (b"from\\\n a import \\\n b", ((0, "a"), (0, "a.b"))),
        (b"x = 1; import a\nif x: import b", ((0, "a"), (0, "b"))),
        (b"important = 1", ()),
        (b"importlib.import_module('a.b').f()", ((0, "a"), (0, "a.b"))),
        (b'import_module(\n    name=".a", package=__package__)', ((1, "a"),)),
        (b"__import__('a')", ((0, "a"),)),
        (b"import_module('a' + \"b\" '.c')", ((0, "ab"), (0, "ab.c"))),
        (b"A = '.a'\nB: str = ('b'\n 'c')\nimport_module(A, __package__); import_module(B)", ((1, "a"), (0, "bc"))),
        ("import größe.é".encode(), ((0, "größe"), (0, "größe.é"))),
    ],
)
def test_imported_modules(source: bytes, modules: tuple[tuple[int, str], ...]) -> None:
    assert may_imported_modules(source) == modules


def test_a_source_in_another_encoding_is_searched_in_utf_8() -> None:
    source = SearchedSource("# coding: latin-1\nsettings.größe = 1\n".encode("latin-1"))
    assert source.find(may_assigned_names) == {"größe"}
