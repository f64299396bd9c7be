"""Drawn orders of dependent steps match the executed orders."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stepgraph import analyze_source
from stepgraph.model.payload import Graph
from tests.order.claims import claimed_order, steps_of
from tests.order.effort import thorough
from tests.order.orders import is_interval_order, is_series_parallel
from tests.order.programs import StepPlan, ends_of, module, step_plans
from tests.order.reference import execute, true_order


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
