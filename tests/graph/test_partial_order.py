"""How orders are drawn: the shapes, and that they claim what holds, and no more."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stepgraph.graph.partial_order import Clocked, ClockedMember, InParallel, InSeries, Part, assign_clocks, decompose
from tests.proof.effort import thorough
from tests.proof.partial_orders import is_interval_order, is_series_parallel

Pairs = set[tuple[int, int]]


def order(size: int, *pairs: tuple[int, int]) -> list[int]:
    """Return the transitive order of so many members in which some are before others, as bit sets."""
    before = [0] * size
    for earlier, later in sorted(pairs, key=lambda pair: pair[1]):
        before[later] |= before[earlier] | 1 << earlier
    return before


def pairs_of(before: Sequence[int]) -> Pairs:
    return {(i, j) for j, earlier in enumerate(before) for i in range(len(before)) if earlier >> i & 1}


def members_of(part: Part) -> list[int]:
    match part:
        case int(index):
            return [index]
        case Clocked(members=members):
            return [member.index for member in members]
        case InSeries(parts=parts) | InParallel(parts=parts):
            return [index for inner in parts for index in members_of(inner)]


def claims(part: Part) -> Iterator[tuple[int, int]]:
    """Yield the pairs of which a drawing says that the first is over before the second begins."""
    match part:
        case Clocked(members=members):
            for one, other in product(members, members):
                if one.resolves <= other.starts:
                    yield one.index, other.index
        case InSeries(parts=parts):
            for position, inner in enumerate(parts):
                yield from claims(inner)
                for later in parts[position + 1 :]:
                    yield from product(members_of(inner), members_of(later))
        case InParallel(parts=parts):
            for inner in parts:
                yield from claims(inner)
        case _:
            return


def test_one_member_is_itself() -> None:
    assert decompose(order(1)) == 0


def test_members_without_order_are_beside_each_other() -> None:
    assert decompose(order(3)) == InParallel((0, 1, 2))


def test_a_chain_is_a_series() -> None:
    assert decompose(order(3, (0, 1), (1, 2))) == InSeries((0, 1, 2))


def test_two_chains_are_series_beside_each_other() -> None:
    assert decompose(order(4, (0, 1), (2, 3))) == InParallel((InSeries((0, 1)), InSeries((2, 3))))


def test_a_diamond_is_a_series_around_a_parallel() -> None:
    assert decompose(order(4, (0, 1), (0, 2), (1, 3), (2, 3))) == InSeries((0, InParallel((1, 2)), 3))


def test_the_n_is_drawn_with_clocks() -> None:
    assert decompose(order(4, (0, 2), (0, 3), (1, 3))) == Clocked(
        (ClockedMember(0, 0, 1), ClockedMember(1, 0, 2), ClockedMember(2, 1, 3), ClockedMember(3, 2, 3)), 3
    )


def test_clocks_say_what_follows_the_n_and_what_is_beside_it_too() -> None:
    drawn = decompose(order(6, (0, 2), (0, 3), (1, 3), (2, 4), (3, 4)))
    assert drawn == Clocked(
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


def test_without_clocks_the_n_is_a_step_with_all_before_it_beside_the_rest() -> None:
    assert decompose(order(4, (0, 2), (0, 3), (1, 3)), clocks=False) == InParallel(
        (InSeries((InParallel((0, 1)), 3)), 2)
    )


def test_two_n_shapes_in_series_have_clocks_of_their_own() -> None:
    first = [(0, 2), (0, 3), (1, 3)]
    second = [(4, 6), (4, 7), (5, 7)]
    between = [(i, j) for i in range(4) for j in range(4, 8)]
    drawn = decompose(order(8, *first, *between, *second))
    assert isinstance(drawn, InSeries)
    assert [type(part) for part in drawn.parts] == [Clocked, Clocked]


def test_clocks_for_all_members_say_a_series_too() -> None:
    assert assign_clocks(order(3, (0, 1), (1, 2))) == Clocked(
        (ClockedMember(0, 0, 1), ClockedMember(1, 1, 2), ClockedMember(2, 2, 3)), 3
    )


def test_clocks_cannot_say_two_chains_and_say_one_of_them() -> None:
    claimed = set(claims(assign_clocks(order(4, (0, 1), (2, 3)))))
    assert claimed in ({(0, 1)}, {(2, 3)})


@pytest.mark.parametrize("clocks", [True, False])
def test_many_different_sets_of_predecessors_are_drawn_soundly(*, clocks: bool) -> None:
    crown = order(140, *((i, 70 + j) for i in range(70) for j in range(70) if i != j))
    drawn = decompose(crown, clocks=clocks)
    assert sorted(members_of(drawn)) == list(range(140))
    assert set(claims(drawn)) <= pairs_of(crown)


@st.composite
def orders(draw: st.DrawFn) -> list[int]:
    size = draw(st.integers(1, 9))
    possible = [(i, j) for j in range(size) for i in range(j)]
    return order(size, *(draw(st.lists(st.sampled_from(possible), unique=True)) if possible else []))


@thorough
@given(before=orders(), clocks=st.booleans())
def test_a_drawing_claims_nothing_that_does_not_hold_and_all_that_it_can(before: list[int], *, clocks: bool) -> None:
    drawn = decompose(before, clocks=clocks)
    truth, claimed = pairs_of(before), set(claims(drawn))
    named = frozenset((str(i), str(j)) for i, j in truth)
    assert sorted(members_of(drawn)) == list(range(len(before)))
    assert claimed <= truth
    series_parallel = is_series_parallel(named, frozenset(map(str, range(len(before)))))
    if series_parallel or (clocks and is_interval_order(named)):
        assert claimed == truth


@thorough
@given(before=orders())
def test_clocks_say_all_of_an_interval_order(before: list[int]) -> None:
    truth, claimed = pairs_of(before), set(claims(assign_clocks(before)))
    assert claimed <= truth
    if is_interval_order(frozenset((str(i), str(j)) for i, j in truth)):
        assert claimed == truth
