"""Sets of small integers as bit masks."""

from __future__ import annotations

from stepgraph.bit_sets import restrict


def test_restriction_to_adjacent_members_shifts_the_sets() -> None:
    assert restrict([0b0000, 0b0001, 0b0011, 0b0110], [1, 2, 3]) == [0b000, 0b001, 0b011]


def test_restriction_to_separate_members_renumbers_them() -> None:
    assert restrict([0b0000, 0b0001, 0b0011, 0b0101], [0, 2, 3]) == [0b000, 0b001, 0b011]
