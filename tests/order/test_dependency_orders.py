"""The order drawn for steps that need each other is the one in which they really run."""

from __future__ import annotations

import networkx as nx
from hypothesis import given
from hypothesis import strategies as st

from stepgraph import analyze_source
from stepgraph.model.payload import Graph
from tests.order.claims import claimed_order, steps_of
from tests.order.effort import thorough
from tests.order.programs import StepPlan, ends_of, module, step_plans
from tests.order.reference import Relation, execute, true_order


def graph_of(source: str) -> Graph:
    graph = analyze_source(source, "entry.py").workflows[0].graph
    assert graph is not None
    return graph


def names_in(graph: Graph, *, certain: bool = False) -> list[str]:
    return sorted(node["name"] for node in steps_of(graph["workflow"]["nodes"], certain=certain))


def is_series_parallel(order: Relation, members: frozenset[str]) -> bool:
    """Whether an order falls into parts with no order between them, or one after another, again and again."""
    if len(members) <= 1:
        return True
    comparable: nx.Graph[str] = nx.Graph()
    comparable.add_nodes_from(members)
    comparable.add_edges_from(pair for pair in order if members.issuperset(pair))
    for graph in (comparable, nx.complement(comparable)):
        parts = [frozenset(part) for part in nx.connected_components(graph)]
        if len(parts) > 1:
            return all(is_series_parallel(order, part) for part in parts)
    return False


def is_interval_order(order: Relation) -> bool:
    """Whether no two chains of two stand beside each other: of two pairs, one's first is before the other's second."""
    return all((a, d) in order or (c, b) in order for a, b in order for c, d in order)


def check(source: str, plans: list[StepPlan]) -> None:
    graph = graph_of(source)
    names = [plan.name for plan in plans]
    truth = true_order(source, names)
    claims = claimed_order(graph)
    assert names_in(graph) == sorted(execute(source, {}).counts.elements())
    assert claims <= truth
    if is_series_parallel(truth, frozenset(names)) or is_interval_order(truth):
        assert claims == truth


@thorough
@given(plans=step_plans())
def test_steps_gathered_run_in_the_order_drawn(plans: list[StepPlan]) -> None:
    calls = ", ".join(f"{name}()" for name in ends_of(plans))
    check(module(plans, [f"await asyncio.gather({calls})"]), plans)


@thorough
@given(plans=step_plans(), data=st.data())
def test_steps_awaited_one_after_another_run_in_the_order_drawn(plans: list[StepPlan], data: st.DataObject) -> None:
    ends = data.draw(st.permutations(ends_of(plans)))
    check(module(plans, [f"await {name}()" for name in ends]), plans)


@thorough
@given(plans=step_plans(), concurrent=st.booleans())
def test_a_step_that_needs_all_runs_after_them_in_the_order_drawn(plans: list[StepPlan], *, concurrent: bool) -> None:
    last = StepPlan("last", tuple(ends_of(plans)), concurrent)
    check(module([*plans, last], ["await last()"]), [*plans, last])
