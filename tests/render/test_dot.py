"""DOT as text, without Graphviz."""

import pytest
from syrupy.assertion import SnapshotAssertion

from stepgraph.render.flow.dot import render_dot
from stepgraph.render.view import View
from tests.render.graphs import (
    LEAVE,
    ORDERS,
    block,
    branch,
    call,
    deep,
    do,
    either,
    function,
    graph,
    loop,
    parallel,
    protected,
    unknown,
)


def lines(source: str) -> list[str]:
    return [line.strip() for line in source.splitlines()]


def test_the_order_workflow_in_full(snapshot: SnapshotAssertion) -> None:
    assert render_dot(ORDERS) == snapshot


def test_the_identity_of_a_step_is_its_position() -> None:
    assert "n_0 [label=Charge]" in lines(render_dot(graph(do("Charge"))))


def test_details_are_below_the_name() -> None:
    source = render_dot(graph({"type": "step_sleep", "name": "Cool down", "duration": 300000}))
    assert 'label="Cool down\\nsleep 5 minutes"' in source


def test_a_loop_is_a_cluster_with_a_dashed_arrow_back() -> None:
    source = lines(render_dot(graph(loop(do("a")))))
    assert "subgraph cluster_n_0 {" in source
    assert 'n_0_foot -> n_0_head [color="#0b7350" constraint=false style=dashed]' in source


def test_a_failure_leads_from_cluster_to_cluster() -> None:
    source = render_dot(graph(protected(block(do("a")), catch=block(do("b")))))
    assert "compound=true" in source
    assert "lhead=cluster_n_0_catch ltail=cluster_n_0_try" in source


def test_a_condition_is_the_label_of_its_arrow() -> None:
    source = lines(render_dot(graph(either(branch("x > 1", do("a")), branch("y", do("b"))))))
    assert 'n_0_choice -> n_0_b0_0 [label=" x > 1 "]' in source
    assert "n_0_choice -> n_0_join [arrowhead=none]" in source


def test_the_only_condition_of_an_if_is_in_its_diamond() -> None:
    source = lines(render_dot(graph(either(branch("x > 1", do("a"))))))
    assert 'n_0_choice -> n_0_b0_0 [label=" yes "]' in source
    assert "n_0_choice -> n_0_join [arrowhead=none]" in source


def test_a_long_condition_is_a_hexagon() -> None:
    source = render_dot(graph(either(branch("x" * 16, LEAVE)), either(branch("x" * 17, LEAVE))))
    assert [line.rpartition("shape=")[2].split()[0] for line in lines(source) if "x" * 16 in line] == [
        "diamond",
        "hexagon",
    ]


def test_bars_have_a_port_for_each_arrow() -> None:
    source = lines(render_dot(graph(parallel("all", do("a"), do("b")))))
    assert 'n_0_fork -> n_0_0 [tailport="p0:s"]' in source
    assert 'n_0_1 -> n_0_join [headport="p1:n"]' in source


def test_a_function_is_a_cluster_at_its_first_call() -> None:
    source = lines(render_dot(graph(call("f"), call("f"), functions={"f": function("f", do("a"))})))
    clusters = [line for line in source if line.startswith("subgraph")]
    (repeated,) = [line for line in source if line.startswith("n_1 [")]
    assert clusters == ["subgraph cluster_n_0 {"]
    assert repeated.startswith('n_1 [label="f\\ndrawn at its first call" ')


def test_an_incomplete_graph_says_so_in_the_title() -> None:
    assert 'label="Orders\\nincomplete: 2 notes\\n"' in render_dot(graph(do("a")), View(state="incomplete: 2 notes"))


def test_an_unknown_node_shows_its_type() -> None:
    assert 'label="teleport\\nbeam\\nunknown type of node"' in render_dot(graph(unknown("teleport", name="beam")))


def test_a_long_name_is_cut_but_complete_in_its_tooltip() -> None:
    source = render_dot(graph(do("x" * 10_000)))
    assert f'label="{"x" * 32}\\n{"x" * 32}\\n{"x" * 31}…"' in source
    assert f"tooltip={'x' * 10_000}" in source


def test_long_conditions_of_a_choice_differ() -> None:
    same = "order.customer.address.country in EUROPE and order.customer.address.verified"
    branches = branch(f"{same} and order.total > 500", do("a")), branch(f"{same} and order.vip")
    source = render_dot(graph(either(*branches)))
    assert 'label=" … and order.total > 500 "' in source
    assert f'tooltip="{same} and order.total > 500"' in source


def test_labels_with_wide_characters_have_a_width() -> None:
    assert 'n_0 [label="注文を確認" width=1.20]' in lines(render_dot(graph(do("注文を確認"))))


@pytest.mark.slow
def test_deep_nesting_exceeds_the_recursion_limit() -> None:
    assert render_dot(deep(500)).count("subgraph cluster_") == 500
