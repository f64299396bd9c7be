"""The drawn orders of dependent steps, tasks, gathers and awaits match the executed orders."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stepgraph import analyze_source
from stepgraph.model.payload import Graph
from tests.effort import thorough
from tests.proof.claimed_order import claimed_order, steps_of
from tests.proof.partial_orders import is_interval_order, is_series_parallel
from tests.proof.programs.dependent_steps import StepPlan, ends_of, module, step_plans, task_bodies
from tests.proof.worlds.reference_steps import SHORT, execute, true_order


def graph_of(source: str) -> Graph:
    graph = analyze_source(source, "entry.py").workflows[0].graph
    assert graph is not None
    return graph


def names_in(graph: Graph, *, certain: bool = False) -> list[str]:
    return sorted(node["name"] for node in steps_of(graph["workflow"]["nodes"], certain=certain))


def check(source: str, plans: list[StepPlan]) -> None:
    graph = graph_of(source)
    names = [plan.name for plan in plans]
    truth = true_order(source, names)
    claims = claimed_order(graph)
    assert names_in(graph) == sorted(execute(source, {}).counts.elements())
    assert claims <= truth
    if is_series_parallel(truth, frozenset(names)) or is_interval_order(truth):
        assert claims == truth


@pytest.mark.slow
@thorough
@given(plans=step_plans())
def test_gathered_steps_run_in_drawn_order(plans: list[StepPlan]) -> None:
    calls = ", ".join(f"{name}()" for name in ends_of(plans))
    check(module(plans, [f"await asyncio.gather({calls})"]), plans)


@pytest.mark.slow
@thorough
@given(plans=step_plans(), data=st.data())
def test_steps_awaited_in_sequence_run_in_drawn_order(plans: list[StepPlan], data: st.DataObject) -> None:
    ends = data.draw(st.permutations(ends_of(plans)))
    check(module(plans, [f"await {name}()" for name in ends]), plans)


@pytest.mark.slow
@thorough
@given(plans=step_plans(), concurrent=st.booleans())
def test_final_step_follows_its_dependencies(plans: list[StepPlan], *, concurrent: bool) -> None:
    last = StepPlan("last", tuple(ends_of(plans)), concurrent)
    check(module([*plans, last], ["await last()"]), [*plans, last])


@pytest.mark.slow
@thorough
@given(count=st.integers(1, 8), data=st.data())
def test_tasks_and_gathers_run_in_drawn_order(count: int, data: st.DataObject) -> None:
    plans = [StepPlan(f"s{number}", ()) for number in range(count)]
    names = [plan.name for plan in plans]
    source = module(plans, data.draw(task_bodies(names)))
    graph = graph_of(source)
    assert names_in(graph) == sorted(names)
    assert claimed_order(graph) == true_order(source, names)


@pytest.mark.slow
@thorough
@given(plans=step_plans(most=7), data=st.data())
def test_tasks_with_dependencies_have_no_false_order(plans: list[StepPlan], data: st.DataObject) -> None:
    names = [plan.name for plan in plans]
    called = data.draw(st.lists(st.sampled_from(names), unique=True, min_size=1))
    source = module(plans, data.draw(task_bodies(called)))
    graph = graph_of(source)
    shown, certain = names_in(graph), names_in(graph, certain=True)
    runs = [execute(source, durations) for durations in ({}, *({name: 5 * SHORT} for name in names))]
    for run in runs:
        assert all(certain.count(name) <= run.counts[name] <= shown.count(name) for name in names)
    once = {name for name in shown if all(run.counts[name] == 1 for run in runs) and shown.count(name) == 1}
    claims = {pair for pair in claimed_order(graph) if once.issuperset(pair)}
    assert claims <= true_order(source, names)
    assert {node["name"] for node in steps_of(graph["workflow"]["nodes"])} == {n for run in runs for n in run.counts}
