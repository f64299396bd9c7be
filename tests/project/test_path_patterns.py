"""Patterns of paths mean what the same expressions do, and cannot be made slow."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stepgraph.project.path_patterns import matches

PARTS = re.compile(r"\*\*/|\*\*|\*|\?|[^*?]+")
MEANING = {"**/": "(?:[^/]+/)*", "**": ".*", "*": "[^/]*", "?": "[^/]"}

PATTERNS = st.lists(st.sampled_from(["a", "b", "ab", ".", "/", "*", "**", "**/", "?"]), max_size=7).map("".join)
PATHS = st.lists(st.text("ab.", min_size=1, max_size=3), min_size=1, max_size=4).map("/".join)


def fits_expression(pattern: str, path: str) -> bool:
    """What a pattern means, as a regular expression, which some patterns make slow."""
    anywhere = "" if "/" in pattern.rstrip("/") else "**/"
    below = "**" if pattern.endswith("/") else ""
    whole = anywhere + pattern.removeprefix("./").removeprefix("/") + below
    expression = "".join(MEANING.get(part) or re.escape(part) for part in PARTS.findall(whole))
    return re.fullmatch(expression, path) is not None


@settings(max_examples=1_000)
@given(PATTERNS, PATHS)
def test_a_pattern_fits_as_an_expression_does(pattern: str, path: str) -> None:
    assert matches(pattern, path) is fits_expression(pattern, path)


@pytest.mark.parametrize(
    ("pattern", "path"),
    [
        ("*a" * 1_000 + "b.py", "a" * 2_000 + ".py"),
        ("**/" * 1_000 + "x.py", "d/" * 500 + "y.py"),
        ("**a" * 1_000 + "b", "a/" * 1_000),
        ("?*" * 1_000 + "b", "a" * 2_000),
    ],
)
def test_no_pattern_is_slow(pattern: str, path: str) -> None:
    assert not matches(pattern, path)


def test_a_pattern_longer_than_any_path_fits_none() -> None:
    assert not matches("**/" * 2_000 + "*", "a.py")
