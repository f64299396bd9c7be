"""The order of nodes in a group, by their clocks."""

from hypothesis import given
from hypothesis import strategies as st

from stepgraph.model.payload import Node
from stepgraph.render.group_order import ClockSpan, GroupOrder, clock_span, group_order
from tests.render.graphs import LEAVE, block, branch, call, do, either, function, loop, parallel, unknown

DECISION = ClockSpan(None, None, without_work=True)


def spans(*clocks: tuple[int | None, int | None]) -> list[ClockSpan]:
    return [ClockSpan(starts, resolves) for starts, resolves in clocks]


def test_work_with_the_same_clock_is_side_by_side() -> None:
    assert group_order(spans((1, 2), (1, 2))) == GroupOrder(before=((), ()), last=(0, 1), sequence=(0, 1))


def test_work_follows_work_that_resolves_at_its_start() -> None:
    assert group_order(spans((1, 2), (2, 3))) == GroupOrder(before=((), (0,)), last=(1,), sequence=(0, 1))


def test_only_immediate_pairs_remain() -> None:
    assert group_order(spans((1, 2), (2, 3), (3, 4))).before == ((), (0,), (1,))


def test_a_long_task_overlaps_a_chain() -> None:
    assert group_order(spans((1, 4), (1, 2), (2, 3))) == GroupOrder(
        before=((), (), (1,)), last=(0, 2), sequence=(0, 1, 2)
    )


def test_nothing_comes_after_work_that_does_not_resolve() -> None:
    assert group_order(spans((1, None), (2, 3))) == GroupOrder(before=((), ()), last=(0, 1), sequence=(0, 1))


def test_work_without_clocks_is_unordered() -> None:
    assert group_order(spans((1, 2), (None, None), (2, 3))).before == ((), (), (0,))


def test_clocks_that_run_backwards_order_nothing() -> None:
    assert group_order(spans((3, 1), (1, 1))).before == ((), ())


def test_a_decision_is_at_its_position_in_the_source() -> None:
    first, last = spans((1, 2), (2, 3))
    assert group_order([first, DECISION, last]).before == ((), (0,), (1,))


def test_a_decision_does_not_wait_for_a_task_that_resolves_later() -> None:
    task, work = spans((1, 4), (1, 2))
    assert group_order([task, work, DECISION]).before == ((), (), (1,))


def test_the_span_of_a_branch_covers_its_work() -> None:
    node = either(branch("x", do("a", starts=2, resolves=3)), branch(None, do("b", starts=1, resolves=2), LEAVE))
    assert clock_span(node) == ClockSpan(1, 3)


def test_a_span_with_unresolved_work_is_unresolved() -> None:
    node = loop(do("a", starts=1, resolves=2), parallel("race", do("b", starts=2)))
    assert clock_span(node) == ClockSpan(1, None)


def test_clocks_of_nested_steps_do_not_count() -> None:
    assert clock_span(do("a", do("b", starts=7, resolves=8), starts=1, resolves=2)) == ClockSpan(1, 2)


def test_work_without_a_clock_makes_a_span_uncertain() -> None:
    nodes: list[Node] = [call("f"), unknown("odd"), function("g")]
    assert [clock_span(block(node, do("a", starts=1, resolves=2))) for node in nodes] == [ClockSpan(None, None)] * 3


def test_an_exit_is_without_work() -> None:
    assert clock_span(either(branch("x", LEAVE))) == ClockSpan(None, None, without_work=True)


@given(st.lists(st.tuples(st.integers(0, 6), st.integers(1, 4)), max_size=9))
def test_immediate_pairs_imply_the_whole_order(work: list[tuple[int, int]]) -> None:
    clocks = [(starts, starts + length) for starts, length in work]
    order = group_order(spans(*clocks))
    after: dict[int, set[int]] = {}
    for index in order.sequence:
        immediate = order.before[index]
        after[index] = {*immediate, *(earlier for middle in immediate for earlier in after[middle])}
    assert after == {
        index: {earlier for earlier, (_, resolves) in enumerate(clocks) if resolves <= starts}
        for index, (starts, _) in enumerate(clocks)
    }


@given(st.lists(st.tuples(st.integers(0, 6), st.integers(1, 4)), max_size=9))
def test_no_immediate_pair_follows_from_others(work: list[tuple[int, int]]) -> None:
    clocks = [(starts, starts + length) for starts, length in work]
    order = group_order(spans(*clocks))
    for before in order.before:
        assert not [(a, b) for a in before for b in before if clocks[a][1] <= clocks[b][0]]
