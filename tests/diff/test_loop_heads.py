"""Heads of loops whose passes extend each other."""

from __future__ import annotations

import pytest

from stepgraph.diff.loop_heads import continues


@pytest.mark.parametrize(
    ("longer", "shorter", "expected"),
    [
        ("for day in range(5)", "for i in range(3)", True),
        ("for day in range(1, 5)", "for day in range(3)", False),
        ("for day in [a, b]", "for day in [a]", True),
        ("async for day in [a, b]", "async for day in [a]", True),
        ("for day in [b, a]", "for day in [a]", False),
        ("for day in [a, *days]", "for day in [a]", False),
        ("for day in days[a, b]", "for day in days[a]", False),
        ("for day in days if day in [a, b]", "for day in days if day in [a]", False),
        ("for day in days if day in range(5)", "for day in days if day in range(3)", False),
        ("while state not in [a, b]", "while state not in [a]", False),
    ],
)
def test_passes_that_continue_those_of_a_loop(longer: str, shorter: str, *, expected: bool) -> None:
    assert continues(longer, shorter) is expected
