"""What is said of the order of two steps holds in every run that the graph allows."""

from __future__ import annotations

from itertools import islice, product

from hypothesis import given

from stepgraph.model.payload import Graph
from stepgraph.testing import WorkflowGraph
from tests.order.effort import thorough
from tests.workflow_order.programs import programs
from tests.workflow_order.runs import Event, in_one_pass, runs_of

MOST_RUNS = 100


def pairs(run: frozenset[Event], one: str, other: str) -> list[tuple[Event, Event]]:
    ones = [event for event in run if event.name == one]
    others = [event for event in run if event.name == other]
    return [(first, second) for first, second in product(ones, others) if first is not second]


@thorough
@given(drawn=programs())
def test_what_runs_before_is_over_before_in_every_run(drawn: Graph) -> None:
    graph = WorkflowGraph.of(drawn)
    names = sorted(set(graph.steps()))
    claimed = [pair for pair in product(names, names) if graph.runs_before(*pair)]
    for run in islice(runs_of(drawn), MOST_RUNS):
        for one, other in claimed:
            assert all(first in second.after for first, second in pairs(run, one, other) if in_one_pass(first, second))


@thorough
@given(drawn=programs())
def test_what_is_not_concurrent_never_overlaps_in_any_run(drawn: Graph) -> None:
    graph = WorkflowGraph.of(drawn)
    names = sorted(set(graph.steps()))
    apart = [pair for pair in product(names, names) if not graph.concurrent(*pair)]
    for run in islice(runs_of(drawn), MOST_RUNS):
        for one, other in apart:
            assert all(first in second.after or second in first.after for first, second in pairs(run, one, other))


@thorough
@given(drawn=programs())
def test_what_is_not_reached_is_in_no_run(drawn: Graph) -> None:
    graph = WorkflowGraph.of(drawn)
    for run in islice(runs_of(drawn), MOST_RUNS):
        assert all(graph.reaches(event.name) for event in run)
