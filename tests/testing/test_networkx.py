"""The graphs of NetworkX that a `WorkflowGraph` returns."""

from __future__ import annotations

import networkx as nx

from stepgraph import analyze_source
from stepgraph.testing import WorkflowGraph
from tests.render.graphs import DEFAULTS, block, branch, call, do, either, function, graph, loop, parallel, protected

SOURCE = """\
from workers import WorkflowEntrypoint


class Orders(WorkflowEntrypoint):
    async def run(self, event, step):
        for item in event["payload"]["items"]:
            await step.sleep("rest", "1 hour")
"""

GROUP = (do("b", starts=1, resolves=2), do("c", starts=1, resolves=2))


def test_nodes_have_the_fields_of_the_payload() -> None:
    flow = WorkflowGraph.of(graph(do("a"))).to_networkx()
    assert {node: flow.nodes[node] for node in flow} == {
        "start": {"type": "start", "function": ""},
        "a": {"type": "step_do", "function": "", "name": "a", "config": DEFAULTS},
        "end": {"type": "end", "function": ""},
        "failure": {"type": "failure", "function": ""},
    }


def test_nodes_of_an_analysis_have_source_and_location() -> None:
    flow = WorkflowGraph.of(analyze_source(SOURCE, "orders.py").workflows[0]).to_networkx()
    assert flow.nodes["loop 1"] == {
        "type": "loop",
        "function": "",
        "source": 'for item in event["payload"]["items"]',
        "location": "orders.py:6:9",
    }
    assert flow.nodes["rest"]["location"] == "orders.py:7:19"


def test_edges_have_kinds_and_labels() -> None:
    flow = WorkflowGraph.of(graph(either(branch("paid"), branch("due", do("a"))))).to_networkx()
    assert flow.get_edge_data("if 1", "a") == {"then due": {"kind": "then", "label": "due"}}
    assert flow.get_edge_data("if 1", "if 1 end") == {
        "then paid": {"kind": "then", "label": "paid"},
        "else": {"kind": "else", "label": ""},
    }


def test_dominators_always_run_before() -> None:
    drawn = graph(do("a"), either(branch("x", do("b"))), protected(block(do("c")), catch=block(do("refund"))))
    dominators = nx.immediate_dominators(WorkflowGraph.of(drawn).to_networkx(), "start")
    steps = []
    node = "refund"
    while node != "start":
        node = dominators[node]
        steps.append(node)
    assert steps == ["try 1 catch", "try 1", "if 1 end", "if 1", "a", "start"]


def test_the_order_is_transitively_reduced() -> None:
    order = WorkflowGraph.of(graph(do("a"), parallel("all", *GROUP), do("d"))).order()
    assert sorted(order.edges) == [("a", "b"), ("a", "c"), ("b", "d"), ("c", "d")]
    assert nx.dag_longest_path_length(order) == 2


def test_steps_have_the_same_names_in_both_graphs() -> None:
    drawn = WorkflowGraph.of(graph(call("f"), do("a"), functions={"f": function("f", do("a"), do("end"))}))
    assert list(drawn.order().nodes) == ["a (2)", "end (2)", "a"]
    assert {"a", "a (2)", "end (2)"} <= set(drawn.to_networkx().nodes)


def test_steps_of_one_iteration_are_ordered() -> None:
    assert list(WorkflowGraph.of(graph(loop(do("a"), do("b")))).order().edges) == [("a", "b")]


def test_an_intransitive_order_is_claimed_in_part() -> None:
    # The clocks order `b` and `c`, although the race may leave `a` behind.
    race = parallel("race", block(do("a"), parallel("all", do("b", starts=1, resolves=2))))
    drawn = WorkflowGraph.of(graph(race, do("c", starts=2, resolves=3)))
    assert drawn.runs_before("a", "b")
    assert drawn.runs_before("b", "c")
    assert not drawn.runs_before("a", "c")
    assert list(drawn.order().edges) == [("a", "b")]
