"""The numbers of the passes of loops."""

from __future__ import annotations

import pytest

from stepgraph.execution.matching.match import PassCounter
from tests.instances.timed_logs import matched, passes
from tests.render.graphs import branch, call, do, either, function, graph, loop, parallel


def test_passes_are_counted_from_one() -> None:
    assert passes(matched(graph(loop(do("a"), do("b"))), "a 0-1", "b 2-3", "a 4-5", "b 6-7")) == [[1], [1], [2], [2]]


def test_inner_loops_are_counted_in_each_pass() -> None:
    nested = graph(loop(do("a"), loop(do("b"))))
    match = matched(nested, "a 0-1", "b 2-3", "b 4-5", "a 6-7", "b 8-9")
    assert passes(match) == [[1], [1, 1], [1, 2], [2], [2, 1]]


def test_loops_around_calls_count() -> None:
    helper = graph(loop(call("pack")), functions={"pack": function("pack", do("a"), loop(do("b")))})
    match = matched(helper, "a 0-1", "b 2-3", "a 4-5", "b 6-7", "b 8-9")
    assert passes(match) == [[1], [1, 1], [2], [2, 1], [2, 2]]


def test_running_steps_distinguish_overlapping_passes() -> None:
    gathered = graph(parallel("all", loop(call("f"))), functions={"f": function("f", do("a"), do("b"))})
    match = matched(gathered, "a 0-9", "a 1-5", "b 6-8", "b 10-12")
    assert passes(match) == [[1], [2], [2], [1]]


def test_overlapping_passes_that_wait_are_ambiguous() -> None:
    gathered = graph(parallel("all", loop(call("f"))), functions={"f": function("f", do("a"), do("b"))})
    match = matched(gathered, "a 0-4", "a 1-5", "b 6-8", "b 7-9")
    assert passes(match) == [[1], [2], [None], [None]]


def test_passes_differ_where_the_log_is_ambiguous() -> None:
    optional = graph(loop(either(branch("x", do("a"))), either(branch("y", do("a")))))
    match = matched(optional, "a 0-1", "a 2-3", "a 4-5")
    numbers = [{each.number for place in places for each in place.passes} for places in match.places]
    assert numbers == [{1}, {1, 2}, {2, 3, None}]


def test_passes_beyond_the_limit_have_no_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("stepgraph.execution.matching.matcher.PassCounter", lambda: PassCounter(remaining=3))
    match = matched(graph(loop(do("a"))), *(f"a {number}-{number}" for number in range(5)))
    assert passes(match) == [[1], [2], [3], [4], [None]]
