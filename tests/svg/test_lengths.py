"""Symbolic lengths: their definitions, values and bounds."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stepgraph.render.svg.lengths import (
    Length,
    LengthVariables,
    SymbolicLength,
    half,
    high_of,
    longest,
    low_of,
    shortest,
    value_of,
)
from tests.svg.lengths import lengths_of, value_in

FRAMES = ("a", "b", "c")
numbers = st.integers(-50, 50)


@st.composite
def lengths(draw: st.DrawFn) -> tuple[Length, LengthVariables]:
    """Return a length that depends on frames, with its variables."""
    variables = LengthVariables()
    lengths: list[Length] = [draw(numbers)]
    for _ in range(draw(st.integers(1, 12))):
        first, second = draw(st.sampled_from(lengths)), draw(st.sampled_from(lengths))
        match draw(st.sampled_from(["fold", "sum", "difference", "half", "longest", "shortest"])):
            case "fold":
                lengths.append(variables.fold(draw(st.sampled_from(FRAMES)), first + draw(numbers), draw(numbers)))
            case "sum":
                lengths.append(first + second)
            case "difference":
                lengths.append(first - second)
            case "half":
                lengths.append(half(first))
            case "longest":
                lengths.append(longest([first, second, draw(numbers)]))
            case _:
                lengths.append(shortest([first, second, draw(numbers)]))
    return lengths[-1], variables


def in_state(length: Length, variables: LengthVariables, folded: set[str]) -> int:
    """Return the value of a length while some frames are folded."""
    if isinstance(length, int):
        return length
    return value_in(lengths_of(variables.frames, variables.definitions, folded), length.variable, length.number)


@pytest.mark.slow
@given(lengths(), st.sets(st.sampled_from(FRAMES)))
def test_a_length_is_within_its_bounds(drawn: tuple[Length, LengthVariables], folded: set[str]) -> None:
    length, variables = drawn
    assert low_of(length) <= in_state(length, variables, folded) <= high_of(length)
    assert in_state(length, variables, set()) == value_of(length)


def test_equal_definitions_share_a_variable() -> None:
    variables = LengthVariables()
    first, second = variables.fold("a", 40, 10), variables.fold("b", 50, 20)
    assert str(longest([first + 3, second + 5]) + 7) == str(longest([second + 9, first + 7]) + 3)
    assert len(variables.definitions) == 3


def test_a_maximum_omits_lengths_that_never_win() -> None:
    variables = LengthVariables()
    length = variables.fold("a", 40, 10)
    assert longest([length, 40]) == 40
    assert longest([length, 5]) is length
    assert longest([length, variables.fold("b", 8, 9)]) is length


def test_a_length_minus_itself_is_a_number() -> None:
    length = LengthVariables().fold("a", 40, 10)
    assert isinstance(length, SymbolicLength)
    assert length + 12 - length == 12
