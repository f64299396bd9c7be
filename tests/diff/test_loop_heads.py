"""Heads of loops whose passes extend each other."""

from __future__ import annotations

import pytest

from stepgraph.diff.loop_heads import continues
from tests.diff.test_raising_functions import changes

NESTED = """
async def run(self, event, step):
    for i in range(2):
        for j in range({}):
            await step.do({})(self.work)()
        await step.sleep("nap", 1000)
"""


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


@pytest.mark.parametrize(
    ("name", "passes", "impact"),
    [
        ('f"pack {j}"', (3, 4), "out of order"),
        ('f"pack {i} {j}"', (3, 4), "out of order"),
        ('f"pack {i}{j}"', (3, 4), "out of order"),
        ('f"pack {i}{j}"', (3, 20), "breaking"),
        ('"pack"', (3, 4), "breaking"),
        ('f"pack {event}"', (3, 4), "breaking"),
    ],
)
def test_further_passes_of_a_nested_loop(name: str, passes: tuple[int, int], impact: str) -> None:
    old, new = (NESTED.format(number, name) for number in passes)
    assert [each[1] for each in changes(old, new)] == [impact]
