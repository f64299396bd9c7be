"""The order of all steps of a workflow is the same as that of each pair of its steps."""

from __future__ import annotations

from itertools import combinations

import pytest
from hypothesis import HealthCheck, assume, given, settings

from stepgraph.bit_sets import bit_set, transposed
from stepgraph.model.payload import FunctionDef, Graph, Node
from stepgraph.order.precedence import related, related_in_pairs
from stepgraph.order.workflow_order import WorkflowOrder
from tests.render.graphs import (
    LEAVE,
    block,
    branch,
    call,
    do,
    either,
    function,
    graph,
    loop,
    parallel,
    protected,
)
from tests.render.random_graphs import graphs

MAX_STEPS = 40


def is_same_in_pairs(order: WorkflowOrder) -> bool:
    return related(order) == related_in_pairs(order, combinations(range(len(order.steps)), 2))


@pytest.mark.slow
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(graphs())
def test_random_graphs(drawn: Graph) -> None:
    order = WorkflowOrder(drawn["workflow"])
    assume(len(order.steps) <= MAX_STEPS)
    assert is_same_in_pairs(order)


FUNCTIONS: dict[str, FunctionDef] = {
    "f": function("f", do("a"), call("g"), parallel("all", do("b", starts=1, resolves=2), do("c", starts=2))),
    "g": function("g", do("d"), either(branch("x", LEAVE)), do("e")),
    "again": function("again", do("h"), call("again"), do("i")),
}


@pytest.mark.parametrize(
    "nodes",
    [
        [call("f"), do("x"), call("f"), call("g")],
        [call("again"), do("x"), call("g")],
        [parallel("all", call("f"), call("g"), do("x", starts=1, resolves=2), do("y", starts=2, resolves=3))],
        [parallel("race", call("f"), do("x")), call("g"), do("y")],
        [protected(block(parallel("all", call("f"), do("x")), do("y")), catch=block(do("z"))), call("g")],
        [protected(block(loop(call("f"))), catch=block(), final=block(call("g"))), do("x")],
    ],
)
def test_functions(nodes: list[Node]) -> None:
    assert is_same_in_pairs(WorkflowOrder(graph(*nodes, functions=FUNCTIONS)["workflow"]))


def test_steps_with_one_place_are_not_compared_in_pairs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(WorkflowOrder, "relations", None)
    groups = (
        parallel("all", do(f"a {n}", starts=1, resolves=2), do(f"b {n}", starts=2, resolves=3)) for n in range(50)
    )
    before = related(WorkflowOrder(graph(*groups, do("last"))["workflow"]))
    assert [predecessors.bit_count() for predecessors in before[:4]] == [0, 1, 2, 3]


@pytest.mark.parametrize(
    "rows",
    [[0b110, 0b100, 0b000], [0b010, 0b101, 0b010], [3**row % 2**199 for row in range(199)]],
)
def test_a_transposed_matrix_swaps_rows_and_columns(rows: list[int]) -> None:
    numbers = range(len(rows))
    assert transposed(rows) == [bit_set(row for row in numbers if rows[row] >> column & 1) for column in numbers]
