"""Modules parsed in pieces are equal to the modules parsed whole, whatever the layout of the source."""

from __future__ import annotations

import libcst as cst
import pytest

from stepgraph.large_stack import run_with_large_stack
from stepgraph.syntax.pieces.joining import JoinedModule
from stepgraph.syntax.pieces.versions import parse_in_pieces
from tests.syntax.pieces.layouts import INVALID, LAYOUTS, SOURCES, UNUSUAL
from tests.syntax.pieces.whole_modules import assert_equals_whole


def parse(source: str, piece_length: int) -> JoinedModule | None:
    """Return the module parsed in pieces, or None if it has to be parsed whole."""
    try:
        return run_with_large_stack(lambda: parse_in_pieces(source, "utf-8", piece_length))
    except (cst.ParserSyntaxError, cst.CSTValidationError, TypeError):
        return None


@pytest.mark.parametrize("length", [1, 10])
@pytest.mark.parametrize("layout", LAYOUTS)
def test_pieces_equal_the_whole(layout: str, length: int) -> None:
    source = LAYOUTS[layout]
    joined = parse(source, length)
    assert joined
    assert len(joined.pieces) > 1
    assert_equals_whole(joined, source)


@pytest.mark.parametrize("layout", UNUSUAL)
def test_unusual_layouts_are_parsed_whole(layout: str) -> None:
    assert cst.parse_module(UNUSUAL[layout]).body
    assert parse(UNUSUAL[layout], 1) is None


@pytest.mark.parametrize("defect", INVALID)
def test_no_piece_hides_a_syntax_error(defect: str) -> None:
    assert parse(INVALID[defect], 1) is None


@pytest.mark.slow
def test_fixtures_in_pieces_equal_the_whole() -> None:
    for path in SOURCES[::20]:
        _assert_equals_whole_if_joined(path.read_bytes().decode(errors="replace"))


@pytest.mark.slow
@pytest.mark.parametrize("part", range(20))
def test_all_fixtures_in_pieces_equal_the_whole(part: int) -> None:
    for path in SOURCES[part::20]:
        _assert_equals_whole_if_joined(path.read_bytes().decode(errors="replace"))


def _assert_equals_whole_if_joined(source: str) -> None:
    for length in (30, 300):
        joined = parse(source, length)
        if joined is not None:
            assert_equals_whole(joined, source)
