"""Sets of small numbers as integers."""

from __future__ import annotations

from stepgraph.graph.bit_sets import restrict


def test_of_sets_of_some_members_those_that_stand_together_keep_their_distances() -> None:
    assert restrict([0b0000, 0b0001, 0b0011, 0b0110], [1, 2, 3]) == [0b000, 0b001, 0b011]


def test_of_sets_of_some_members_those_apart_are_known_by_their_new_positions() -> None:
    assert restrict([0b0000, 0b0001, 0b0011, 0b0101], [0, 2, 3]) == [0b000, 0b001, 0b011]
