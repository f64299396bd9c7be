"""Explanations of snapshots that are no graphs in JSON."""

from __future__ import annotations

from difflib import SequenceMatcher

import pytest

from stepgraph.limits import DIFFLIB_LINES
from stepgraph.testing.difference import text_difference


def test_changed_lines_have_two_lines_around_them() -> None:
    old = "a\nb\nc\nd\ne\nf\ng\nh"
    assert text_difference(old, old.replace("b", "B").replace("h", "H")) == [
        *(" a", "-b", "+B", " c", " d"),
        *("...", " f", " g", "-h", "+H"),
    ]


def test_long_texts_are_compared_in_linear_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(SequenceMatcher, "find_longest_match")
    lines = [f"step {number}" for number in range(DIFFLIB_LINES + 1)]
    assert text_difference("\n".join(lines), "\n".join([*lines, "rest"]))[-1] == "+rest"
