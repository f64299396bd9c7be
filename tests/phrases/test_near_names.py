"""Suggestions for misspelled names."""

from __future__ import annotations

from stepgraph.phrases.near_names import Suggestions


def test_the_nearest_name() -> None:
    assert Suggestions().nearest("Ordres", lambda: ["Refund", "Orders"]) == "Orders"
    assert Suggestions().nearest("Ordres", lambda: ["Refund"]) is None


def test_suggestions_end_with_their_comparisons() -> None:
    suggestions = Suggestions(remaining=3)
    known = ["Orders", "Refund"]

    assert [suggestions.nearest("Order", lambda: known) for _ in range(3)] == ["Orders", "Orders", None]


def test_long_names_are_not_compared() -> None:
    assert Suggestions().nearest("a" * 101, lambda: ["a" * 102]) is None
    assert Suggestions().nearest("a" * 90, lambda: ["a" * 101]) is None
