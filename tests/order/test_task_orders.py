"""Drawn orders of tasks, gathers and awaits match the executed orders."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.order.claims import claimed_order, steps_of
from tests.order.effort import thorough
from tests.order.programs import StepPlan, module, step_plans, task_bodies
from tests.order.reference import SHORT, execute, true_order
from tests.order.test_dependency_orders import graph_of, names_in


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
