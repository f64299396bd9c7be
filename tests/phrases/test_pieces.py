"""Matching of strings with dynamic gaps."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stepgraph.phrases.pieces import fits_pieces

SHORT = st.text("ab", max_size=4)


@pytest.mark.parametrize(
    ("text", "pieces", "fits"),
    [
        ("load 3 of 9", ("load ", " of ", ""), True),
        ("load 3", ("load ", " of ", ""), False),
        ("aba", ("ab", "ba"), False),
        ("abba", ("ab", "ba"), True),
        ("abcb", ("a", "b", "b"), True),
        ("whole", ("whole",), True),
        ("whole", ("who",), False),
    ],
)
def test_pieces_with_gaps(text: str, pieces: tuple[str, ...], *, fits: bool) -> None:
    assert fits_pieces(text, pieces) is fits


@given(st.text("ab", max_size=12), st.lists(SHORT, min_size=1, max_size=5))
def test_pieces_match_like_a_regular_expression(text: str, pieces: list[str]) -> None:
    assert fits_pieces(text, pieces) is (re.fullmatch(".*".join(pieces), text) is not None)


def test_a_mismatch_of_many_pieces_is_fast() -> None:
    assert not fits_pieces("a" * 10_000, ["a"] * 5_000 + ["b"])
