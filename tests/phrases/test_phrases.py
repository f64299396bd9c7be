"""Durations, suggestions for misspelled names, and matching of names with gaps."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stepgraph.model.payload import Number, Shape
from stepgraph.phrases import (
    Suggestions,
    counted,
    duration_text,
    elapsed_text,
    fits_pieces,
    is_same_duration,
    number_text,
    payload_text,
    utc_text,
    without_backquotes,
)


@pytest.mark.parametrize(
    ("duration", "words"),
    [
        (300000, "5 minutes"),
        (60000, "1 minute"),
        (90000, "90 seconds"),
        (5400000, "90 minutes"),
        (86400000, "1 day"),
        (1209600000, "2 weeks"),
        (2000.0, "2 seconds"),
    ],
)
def test_milliseconds_are_shown_in_the_largest_exact_unit(duration: Number, words: str) -> None:
    assert duration_text(duration) == words


@pytest.mark.parametrize(("duration", "words"), [(1500, "1500 ms"), (0, "0 ms"), (0.5, "0.5 ms"), (-1000, "-1000 ms")])
def test_milliseconds_without_an_exact_unit_stay(duration: Number, words: str) -> None:
    assert duration_text(duration) == words


def test_text_is_unchanged() -> None:
    assert duration_text("{delay}") == "{delay}"


def test_a_whole_number_has_no_fraction() -> None:
    assert number_text(3.0) == "3"


@pytest.mark.parametrize(("number", "words"), [(0, "0 steps"), (1, "1 step"), (2, "2 steps")])
def test_one_is_singular(number: int, words: str) -> None:
    assert counted(number, "step") == words


@pytest.mark.parametrize(
    ("first", "second", "same"),
    [(60_000, "1 minute", True), ("1 day", 86_400_000, True), (1000, 1001, False), ("1 day", None, False)],
)
def test_durations_with_equal_texts_are_the_same(first: object, second: object, same: bool) -> None:  # noqa: FBT001
    assert is_same_duration(first, second) is same


def test_the_nearest_name() -> None:
    assert Suggestions().nearest("Ordres", lambda: ["Refund", "Orders"]) == "Orders"
    assert Suggestions().nearest("Ordres", lambda: ["Refund"]) is None


def test_suggestions_end_with_their_comparisons() -> None:
    suggestions = Suggestions(remaining=3)
    names = ["Orders", "Refund"]

    assert [suggestions.nearest("Order", lambda: names) for _ in range(3)] == ["Orders", "Orders", None]


def test_long_names_are_not_compared() -> None:
    assert Suggestions().nearest("a" * 101, lambda: ["a" * 102]) is None
    assert Suggestions().nearest("a" * 90, lambda: ["a" * 101]) is None


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


@pytest.mark.slow
@given(st.text("ab", max_size=12), st.lists(SHORT, min_size=1, max_size=5))
def test_pieces_match_like_a_regular_expression(text: str, pieces: list[str]) -> None:
    assert fits_pieces(text, pieces) is (re.fullmatch(".*".join(pieces), text) is not None)


def test_a_mismatch_of_many_pieces_is_fast() -> None:
    assert not fits_pieces("a" * 10_000, ["a"] * 5_000 + ["b"])


@pytest.mark.parametrize(
    ("milliseconds", "text"),
    [
        (-5, "0 ms"),
        (999, "999 ms"),
        (1000, "1 s"),
        (3199, "3.1 s"),
        (9999, "9.9 s"),
        (59_999, "59 s"),
        (60_000, "1 min"),
        (200_400, "3 min 20 s"),
        (3_600_000 * 3 + 60_000 * 12, "3 h 12 min"),
        (86_400_000 - 1, "23 h 59 min"),
        (86_400_000 * 3650 + 3_600_000, "3,650 d 1 h"),
    ],
)
def test_a_measured_time_has_two_units(milliseconds: int, text: str) -> None:
    assert elapsed_text(milliseconds) == text


@pytest.mark.parametrize(
    ("milliseconds", "text"),
    [
        (0, "1970-01-01T00:00:00.000Z"),
        (1772366400123, "2026-03-01T12:00:00.123Z"),
        (-62135596800000, "0001-01-01T00:00:00.000Z"),
        (253402300799999, "9999-12-31T23:59:59.999Z"),
    ],
)
def test_a_time_is_in_utc(milliseconds: int, text: str) -> None:
    assert utc_text(milliseconds) == text


UNKNOWN: Shape = {"type": "unknown"}


@pytest.mark.parametrize(
    ("shape", "text"),
    [
        (UNKNOWN, "payload: unknown"),
        ({"type": "object", "fields": {}}, "payload: {}"),
        (
            {
                "type": "object",
                "fields": {
                    "order": {"type": "object", "fields": {"id": UNKNOWN, "n": UNKNOWN}},
                    "note": UNKNOWN,
                },
            },
            "payload: {order: {id, n}, note}",
        ),
        ({"type": "object", "fields": {"a b": UNKNOWN, "": UNKNOWN}}, 'payload: {"a b", ""}'),
    ],
)
def test_a_payload_is_one_line(shape: Shape, text: str) -> None:
    assert payload_text(shape) == text


def test_a_deep_payload_exceeds_the_recursion_limit() -> None:
    shape: Shape = UNKNOWN
    for _ in range(5000):
        shape = {"type": "object", "fields": {"a": shape}}
    assert payload_text(shape) == "payload: " + "{a: " * 4999 + "{a" + "}" * 5000


@pytest.mark.parametrize(
    ("sentence", "text"),
    [("`a` or `b`", "a or b"), ("plain", "plain"), ("a ` b", "a ` b"), ("`a` and ` b", "a and ` b")],
)
def test_pairs_of_backquotes_are_removed(sentence: str, text: str) -> None:
    assert without_backquotes(sentence) == text
