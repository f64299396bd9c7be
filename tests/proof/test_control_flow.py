"""Each run is a walk through the control flow that `to_networkx` returns."""

from __future__ import annotations

from itertools import islice

import networkx as nx
import pytest
from hypothesis import given

from stepgraph.model.payload import Graph
from stepgraph.testing import WorkflowGraph
from tests.acceptance.trace import trace_of
from tests.effort import sample, scenario_seeds, thorough
from tests.proof.flow_walks import FlowWalks
from tests.proof.judging import reason_unchecked, run_in_scenario
from tests.proof.programs.analysing import analyze_program
from tests.proof.programs.executing import run_program
from tests.proof.programs.judging import explain_rejection
from tests.proof.programs.judging import reason_unchecked as reason_program_unchecked
from tests.proof.programs.modules import GeneratedProgram, programs
from tests.proof.programs.random_graphs import random_graphs
from tests.proof.subjects import FixtureProgram, Subject, examples, gallery, pairs, projects
from tests.proof.worlds.graph_runs import runs_of

PROGRAMS = sample([*gallery(), *projects(), *pairs(), *examples()], 80)
MAX_RUNS = 60
FAILURES = (False, True)


def assert_runs_are_walks(subject: Subject, seeds: range) -> None:
    assert subject.graph is not None
    walks = FlowWalks(subject.graph)
    for failures in FAILURES:
        if reason_unchecked(subject, failures=failures):
            continue
        for trace in {trace_of(run_in_scenario(subject, seed, failures=failures)) for seed in seeds}:
            assert walks.rejection(trace) == ""
            assert not walks.is_sequential or walks.rejection_in_sequence(trace) == ""


@pytest.mark.slow
@pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: program.title)
def test_runs_of_a_fixture_are_walks(program: FixtureProgram) -> None:
    for subject in program.subjects():
        if subject.graph is not None:
            assert_runs_are_walks(subject, scenario_seeds(3))


@pytest.mark.slow
@thorough
@given(program=programs())
def test_runs_of_a_random_program_are_walks(program: GeneratedProgram) -> None:
    workflow = analyze_program(program)
    if workflow.graph is None:
        return
    walks = FlowWalks(workflow.graph)
    for failures in FAILURES:
        run = run_program(program, 0, failures=failures)
        if not reason_program_unchecked(workflow, failures=failures) and not explain_rejection(program, run):
            assert walks.rejection(trace_of(run.execution)) == ""


@pytest.mark.slow
@thorough
@given(graph=random_graphs())
def test_runs_that_a_graph_allows_are_walks(graph: Graph) -> None:
    walks = FlowWalks(graph)
    for run in islice(runs_of(graph), MAX_RUNS):
        for event in run:
            names = {each.name for each in event.after | event.within}
            passed = {node for node, (_, name) in walks.steps.items() if name in names}
            nodes = {node for node, (_, name) in walks.steps.items() if name == event.name}
            assert nodes & walks.next_nodes({"start"}, passed)


@pytest.mark.slow
@thorough
@given(graph=random_graphs())
def test_paths_of_the_order_are_claims(graph: Graph) -> None:
    workflow = WorkflowGraph.of(graph)
    order = workflow.order()
    names: dict[str, str] = {step: order.nodes[step]["name"] for step in order}
    unique = [step for step in order if list(names.values()).count(names[step]) == 1]
    closure = nx.transitive_closure_dag(order)
    assert all(
        workflow.runs_before(names[first], names[second])
        for first in unique
        for second in unique
        if closure.has_edge(first, second)
    )
    assert nx.utils.edges_equal(nx.transitive_reduction(order).edges, order.edges)
