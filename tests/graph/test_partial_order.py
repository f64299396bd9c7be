"""The decomposition of partial orders into series, parallels and clocks, and its soundness."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stepgraph.graph.partial_order import (
    Clocked,
    ClockedMember,
    InParallel,
    InSeries,
    OrderPart,
    assign_clocks,
    decompose,
)
from tests.effort import thorough
from tests.proof.partial_orders import is_interval_order, is_series_parallel

Pairs = set[tuple[int, int]]


def order(size: int, *pairs: tuple[int, int]) -> list[int]:
    """Return the transitive closure of pairs of members, as a bit set of predecessors for each member."""
    before = [0] * size
    for earlier, later in sorted(pairs, key=lambda pair: pair[1]):
        before[later] |= before[earlier] | 1 << earlier
    return before


def pairs_of(before: Sequence[int]) -> Pairs:
    return {(i, j) for j, earlier in enumerate(before) for i in range(len(before)) if earlier >> i & 1}


def members_of(part: OrderPart) -> list[int]:
    match part:
        case int(index):
            return [index]
        case Clocked(members=members):
            return [member.index for member in members]
        case InSeries(parts=parts) | InParallel(parts=parts):
            return [index for inner in parts for index in members_of(inner)]


def ordered_pairs(part: OrderPart) -> Iterator[tuple[int, int]]:
    """Yield the pairs of members that a part orders."""
    match part:
        case Clocked(members=members):
            for first, second in product(members, members):
                if first.resolves <= second.starts:
                    yield first.index, second.index
        case InSeries(parts=parts):
            for position, inner in enumerate(parts):
                yield from ordered_pairs(inner)
                for later in parts[position + 1 :]:
                    yield from product(members_of(inner), members_of(later))
        case InParallel(parts=parts):
            for inner in parts:
                yield from ordered_pairs(inner)
        case _:
            return


def test_one_member_is_itself() -> None:
    assert decompose(order(1)) == 0


def test_members_without_order_are_parallel() -> None:
    assert decompose(order(3)) == InParallel((0, 1, 2))


def test_a_chain_is_a_series() -> None:
    assert decompose(order(3, (0, 1), (1, 2))) == InSeries((0, 1, 2))


def test_two_chains_are_parallel_series() -> None:
    assert decompose(order(4, (0, 1), (2, 3))) == InParallel((InSeries((0, 1)), InSeries((2, 3))))


def test_a_diamond_is_a_series_around_a_parallel() -> None:
    assert decompose(order(4, (0, 1), (0, 2), (1, 3), (2, 3))) == InSeries((0, InParallel((1, 2)), 3))


def test_an_n_shape_has_clocks() -> None:
    assert decompose(order(4, (0, 2), (0, 3), (1, 3))) == Clocked(
        (ClockedMember(0, 0, 1), ClockedMember(1, 0, 2), ClockedMember(2, 1, 3), ClockedMember(3, 2, 3)), 3
    )


def test_clocks_extend_to_the_members_around_an_n_shape() -> None:
    part = decompose(order(6, (0, 2), (0, 3), (1, 3), (2, 4), (3, 4)))
    assert part == Clocked(
        (
            ClockedMember(0, 0, 1),
            ClockedMember(1, 0, 2),
            ClockedMember(2, 1, 3),
            ClockedMember(3, 2, 3),
            ClockedMember(4, 3, 4),
            ClockedMember(5, 0, 4),
        ),
        4,
    )


def test_without_clocks_an_n_shape_loses_a_pair() -> None:
    assert decompose(order(4, (0, 2), (0, 3), (1, 3)), clocks=False) == InParallel(
        (InSeries((InParallel((0, 1)), 3)), 2)
    )


def test_n_shapes_in_series_have_separate_clocks() -> None:
    first = [(0, 2), (0, 3), (1, 3)]
    second = [(4, 6), (4, 7), (5, 7)]
    between = [(i, j) for i in range(4) for j in range(4, 8)]
    part = decompose(order(8, *first, *between, *second))
    assert isinstance(part, InSeries)
    assert [type(part) for part in part.parts] == [Clocked, Clocked]


def test_clocks_of_all_members_express_a_series() -> None:
    assert assign_clocks(order(3, (0, 1), (1, 2))) == Clocked(
        (ClockedMember(0, 0, 1), ClockedMember(1, 1, 2), ClockedMember(2, 2, 3)), 3
    )


def test_clocks_of_two_chains_express_one_of_them() -> None:
    drawn_pairs = set(ordered_pairs(assign_clocks(order(4, (0, 1), (2, 3)))))
    assert drawn_pairs in ({(0, 1)}, {(2, 3)})


@pytest.mark.parametrize("clocks", [True, False])
def test_many_sets_of_predecessors_are_sound(*, clocks: bool) -> None:
    crown = order(140, *((i, 70 + j) for i in range(70) for j in range(70) if i != j))
    part = decompose(crown, clocks=clocks)
    assert sorted(members_of(part)) == list(range(140))
    assert set(ordered_pairs(part)) <= pairs_of(crown)


@st.composite
def orders(draw: st.DrawFn) -> list[int]:
    size = draw(st.integers(1, 9))
    possible = [(i, j) for j in range(size) for i in range(j)]
    return order(size, *(draw(st.lists(st.sampled_from(possible), unique=True)) if possible else []))


@pytest.mark.slow
@thorough
@given(before=orders(), clocks=st.booleans())
def test_decomposition_is_sound_and_exact_where_possible(before: list[int], *, clocks: bool) -> None:
    part = decompose(before, clocks=clocks)
    expected_pairs, drawn_pairs = pairs_of(before), set(ordered_pairs(part))
    named = frozenset((str(i), str(j)) for i, j in expected_pairs)
    assert sorted(members_of(part)) == list(range(len(before)))
    assert drawn_pairs <= expected_pairs
    series_parallel = is_series_parallel(named, frozenset(map(str, range(len(before)))))
    if series_parallel or (clocks and is_interval_order(named)):
        assert drawn_pairs == expected_pairs


@pytest.mark.slow
@thorough
@given(before=orders())
def test_clocks_of_an_interval_order_are_exact(before: list[int]) -> None:
    expected_pairs, drawn_pairs = pairs_of(before), set(ordered_pairs(assign_clocks(before)))
    assert drawn_pairs <= expected_pairs
    if is_interval_order(frozenset((str(i), str(j)) for i, j in expected_pairs)):
        assert drawn_pairs == expected_pairs
