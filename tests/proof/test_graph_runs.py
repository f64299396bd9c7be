"""Claimed orders of steps hold in every run that the graph allows."""

from __future__ import annotations

from itertools import islice, product

import pytest
from hypothesis import given

from stepgraph.model.payload import Graph
from stepgraph.testing import WorkflowGraph
from tests.effort import thorough
from tests.proof.programs.random_graphs import random_graphs
from tests.proof.worlds.graph_runs import Event, in_one_pass, runs_of

MOST_RUNS = 100


def pairs(run: frozenset[Event], name: str, second_name: str) -> list[tuple[Event, Event]]:
    first_events = [event for event in run if event.name == name]
    second_events = [event for event in run if event.name == second_name]
    return [(first, second) for first, second in product(first_events, second_events) if first is not second]


@pytest.mark.slow
@thorough
@given(drawn=random_graphs())
def test_runs_before_holds_in_every_run(drawn: Graph) -> None:
    graph = WorkflowGraph.of(drawn)
    names = sorted(set(graph.steps()))
    claimed = [pair for pair in product(names, names) if graph.runs_before(*pair)]
    for run in islice(runs_of(drawn), MOST_RUNS):
        for names_of_pair in claimed:
            assert all(
                first in second.after for first, second in pairs(run, *names_of_pair) if in_one_pass(first, second)
            )


@pytest.mark.slow
@thorough
@given(drawn=random_graphs())
def test_nonconcurrent_steps_never_overlap(drawn: Graph) -> None:
    graph = WorkflowGraph.of(drawn)
    names = sorted(set(graph.steps()))
    disjoint = [pair for pair in product(names, names) if not graph.concurrent(*pair)]
    for run in islice(runs_of(drawn), MOST_RUNS):
        for names_of_pair in disjoint:
            assert all(first in second.after or second in first.after for first, second in pairs(run, *names_of_pair))


@pytest.mark.slow
@thorough
@given(drawn=random_graphs())
def test_unreached_steps_never_run(drawn: Graph) -> None:
    graph = WorkflowGraph.of(drawn)
    for run in islice(runs_of(drawn), MOST_RUNS):
        assert all(graph.reaches(event.name) for event in run)
