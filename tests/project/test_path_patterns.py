"""Path patterns match like regular expressions, in linear time."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stepgraph.project.path_patterns import matches
from tests.effort import example_count

PARTS = re.compile(r"\*\*/|\*\*|\*|\?|[^*?]+")
MEANING = {"**/": "(?:[^/]+/)*", "**": ".*", "*": "[^/]*", "?": "[^/]"}

PATTERNS = st.lists(st.sampled_from(["a", "b", "ab", ".", "/", "*", "**", "**/", "?"]), max_size=7).map("".join)
PATHS = st.lists(st.text("ab.", min_size=1, max_size=3), min_size=1, max_size=4).map("/".join)


def matches_regex(pattern: str, path: str) -> bool:
    """Match with an equivalent regular expression, which is slow for some patterns."""
    anywhere = "" if "/" in pattern.rstrip("/") else "**/"
    below = "**" if pattern.endswith("/") else ""
    whole = anywhere + pattern.removeprefix("./").removeprefix("/") + below
    expression = "".join(MEANING.get(part) or re.escape(part) for part in PARTS.findall(whole))
    return re.fullmatch(expression, path) is not None


@pytest.mark.slow
@settings(max_examples=example_count(200))
@given(PATTERNS, PATHS)
def test_patterns_match_like_regular_expressions(pattern: str, path: str) -> None:
    assert matches(pattern, path) is matches_regex(pattern, path)


@pytest.mark.parametrize(
    ("pattern", "path"),
    [
        ("*a" * 1_000 + "b.py", "a" * 2_000 + ".py"),
        ("**/" * 1_000 + "x.py", "d/" * 500 + "y.py"),
        ("**a" * 1_000 + "b", "a/" * 1_000),
        ("?*" * 1_000 + "b", "a" * 2_000),
    ],
)
def test_patterns_take_linear_time(pattern: str, path: str) -> None:
    assert not matches(pattern, path)


def test_a_pattern_longer_than_any_path_matches_nothing() -> None:
    assert not matches("**/" * 2_000 + "*", "a.py")
