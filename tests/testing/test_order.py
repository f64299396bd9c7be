"""The order of two steps, for each kind of node and exit."""

from __future__ import annotations

from typing import Literal

import pytest

from stepgraph.model.payload import FunctionDef, Node
from stepgraph.testing import WorkflowGraph
from tests.render.graphs import (
    LEAVE,
    LEAVE_LOOP,
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
    switch,
    unknown,
)

A, B, C = do("a"), do("b"), do("c")
TWO_CALLS = {"f": function("f", do("a"), do("b"))}

Answer = Literal["before", "concurrent", "neither"]


def about(*nodes: Node, functions: dict[str, FunctionDef] | None = None) -> WorkflowGraph:
    return WorkflowGraph.of(graph(*nodes, functions=functions))


def answer(drawn: WorkflowGraph) -> Answer:
    """Return the order of `a` and `b`. No step is both before another and concurrent with it."""
    before, concurrent = drawn.runs_before("a", "b"), drawn.concurrent("a", "b")
    if concurrent:
        return "concurrent"
    return "before" if before else "neither"


@pytest.mark.parametrize(
    ("nodes", "expected"),
    [
        pytest.param([A, B], "before", id="one after another"),
        pytest.param([B, A], "neither", id="the other way round"),
        pytest.param([A, B, do("a")], "neither", id="a second one after it"),
        pytest.param([block(A), either(branch("x", B))], "before", id="then in a branch"),
        pytest.param([loop(A), B], "before", id="a loop, then"),
        pytest.param([A, loop(B)], "before", id="then a loop"),
        pytest.param([loop(A, B)], "before", id="in one pass of a loop"),
        pytest.param([loop(loop(A), B)], "before", id="in a loop of that pass"),
        pytest.param([do("s", A), B], "before", id="nested in a step before it"),
        pytest.param([do("a", B)], "concurrent", id="a step and one nested in it"),
    ],
)
def test_sequence_determines_order(nodes: list[Node], expected: Answer) -> None:
    assert answer(about(*nodes)) == expected


@pytest.mark.parametrize(
    "nodes",
    [
        pytest.param([either(branch("x", A), branch(None, B))], id="if"),
        pytest.param([switch("x", branch("1", A), branch("2", B))], id="switch"),
        pytest.param([either(branch("x", A, LEAVE)), B], id="return"),
        pytest.param([loop(either(branch("x", A, LEAVE_LOOP)), B)], id="break"),
        pytest.param([either(branch("x", A, either(branch("y", LEAVE), branch(None, LEAVE)))), B], id="each way"),
    ],
)
def test_exclusive_steps_have_no_order(nodes: list[Node]) -> None:
    assert answer(about(*nodes)) == "neither"


def test_break_continues_after_the_loop() -> None:
    assert answer(about(loop(A, LEAVE_LOOP), B)) == "before"


def test_branch_without_exit_continues() -> None:
    assert answer(about(either(branch("x", A, either(branch("y", LEAVE)))), B)) == "before"


@pytest.mark.parametrize(
    ("nodes", "expected"),
    [
        pytest.param([parallel("all", A, B)], "concurrent", id="members"),
        pytest.param([parallel("all", block(A, B), C)], "before", id="one member that is a sequence"),
        pytest.param([parallel("all", A, C), B], "before", id="after the group"),
        pytest.param([parallel("all_settled", A, C), B], "before", id="after all are settled"),
        pytest.param([parallel("race", A, C), B], "concurrent", id="after a race"),
        pytest.param([parallel("any", block(A), C), B], "concurrent", id="after the first that succeeds"),
        pytest.param(
            [parallel("all", do("a", starts=1, resolves=2), do("b", starts=2, resolves=3))], "before", id="at"
        ),
        pytest.param(
            [parallel("all", do("a", starts=1, resolves=3), do("b", starts=2, resolves=3))], "concurrent", id="<"
        ),
        pytest.param([parallel("all", do("a", starts=1), do("b", starts=2, resolves=3))], "concurrent", id="unawaited"),
        pytest.param([parallel("all", do("a", starts=1), C), B], "concurrent", id="it outlasts the group"),
        pytest.param(
            [parallel("all", either(branch("x", do("a", starts=1, resolves=2))), loop(do("b", starts=2, resolves=3)))],
            "before",
            id="in what stands in the group",
        ),
        pytest.param([parallel("all", do("a", starts=1, resolves=2), B)], "concurrent", id="one without clocks"),
        pytest.param([do("a", starts=1, resolves=3), do("b", starts=2, resolves=3)], "concurrent", id="in no group"),
        pytest.param([do("a", starts=1, resolves=2), do("b", starts=2, resolves=3)], "before", id="at, in no group"),
        pytest.param([parallel("all", loop(A, B))], "concurrent", id="passes that may be concurrent"),
        pytest.param([parallel("all", block(loop(A, B)), C)], "before", id="passes of a sequence"),
        pytest.param(
            [
                parallel("all", do("b", starts=1, resolves=2), do("c", starts=2, resolves=3)),
                parallel("all", do("a", starts=1, resolves=2), do("c", starts=1, resolves=2)),
            ],
            "neither",
            id="clocks that begin anew",
        ),
    ],
)
def test_clocks_and_nesting_order_a_group(nodes: list[Node], expected: Answer) -> None:
    assert answer(about(*nodes)) == expected


def test_order_holds_within_overlapping_iterations() -> None:
    drawn = about(parallel("all", loop(A, B)))
    assert drawn.runs_before("a", "b")
    assert drawn.concurrent("a", "b")
    assert drawn.concurrent("a", "a")


@pytest.mark.parametrize(
    ("nodes", "expected"),
    [
        pytest.param([protected(block(A), catch=block(B))], "before", id="a handler"),
        pytest.param([protected(block(A), final=block(B))], "before", id="finally"),
        pytest.param([protected(block(C), catch=block(A), final=block(B))], "before", id="a handler, then finally"),
        pytest.param([protected(block(A), catch=block(C)), B], "before", id="after all of it"),
        pytest.param([protected(block(A, LEAVE), catch=block(C)), B], "before", id="a return, but for a failure"),
        pytest.param(
            [either(branch("x", protected(block(A, LEAVE), catch=block(LEAVE)))), B],
            "neither",
            id="a return in any case",
        ),
        pytest.param(
            [either(branch("x", protected(block(A), final=block(LEAVE)))), B], "neither", id="a return in finally"
        ),
        pytest.param(
            [protected(block(parallel("all", A, C)), catch=block(B))],
            "concurrent",
            id="a group left by a failure, and its handler",
        ),
        pytest.param(
            [protected(block(parallel("all", A, C)), catch=block(do("d"))), B],
            "concurrent",
            id="a group left by a failure, and what follows the handler",
        ),
        pytest.param(
            [protected(block(parallel("all", A, C)), catch=block(do("d"), LEAVE)), B],
            "before",
            id="a handler that leaves",
        ),
        pytest.param(
            [
                protected(
                    block(parallel("all", A, C)),
                    catch=block(switch("exception", branch("ValueError", LEAVE), branch("KeyError", do("d"), LEAVE))),
                ),
                B,
            ],
            "before",
            id="handlers that all leave",
        ),
        pytest.param(
            [protected(block(parallel("all_settled", A, C)), catch=block(B))],
            "before",
            id="a group that waits for all",
        ),
    ],
)
def test_failures_reach_handlers_and_abandon_work(nodes: list[Node], expected: Answer) -> None:
    assert answer(about(*nodes)) == expected


@pytest.mark.parametrize(
    ("nodes", "functions", "expected"),
    [
        pytest.param([call("f"), B], {"f": function("f", A)}, "before", id="a call, then"),
        pytest.param([call("f"), B, call("f")], {"f": function("f", A)}, "neither", id="a second call after it"),
        pytest.param([call("f"), call("f")], TWO_CALLS, "before", id="in one pass of the function"),
        pytest.param([parallel("all", call("f"), call("f"))], TWO_CALLS, "concurrent", id="concurrent calls"),
        pytest.param(
            [call("f"), call("g")],
            {"f": function("f", A), "g": function("g", call("f"), B)},
            "before",
            id="a call from elsewhere too",
        ),
        pytest.param(
            [call("g"), call("f")],
            {"f": function("f", A), "g": function("g", call("f"), B)},
            "neither",
            id="a call from elsewhere, later",
        ),
        pytest.param([call("f")], {"f": function("f", A, either(branch("x", call("f"))), B)}, "before", id="recursion"),
        pytest.param(
            [call("f")],
            {"f": function("f", parallel("all", either(branch("x", call("f"))), A), B)},
            "concurrent",
            id="recursion in a group",
        ),
        pytest.param(
            [call("f"), B],
            {"f": function("f", parallel("all", do("a", starts=1), do("c", starts=1, resolves=2)))},
            "concurrent",
            id="work that a function leaves behind",
        ),
        pytest.param(
            [protected(block(call("f")), catch=block(B))],
            {"f": function("f", parallel("all", A, C))},
            "concurrent",
            id="a group in a function, left by a failure",
        ),
        pytest.param([call("f"), B], {"f": function("f", A, LEAVE)}, "before", id="a return from a function"),
    ],
)
def test_functions_are_followed(nodes: list[Node], functions: dict[str, FunctionDef], expected: Answer) -> None:
    assert answer(about(*nodes, functions=functions)) == expected


def test_unknown_nodes_have_no_order() -> None:
    assert answer(about(unknown("future", A), B)) == "concurrent"
    assert answer(about(unknown("future", A, B))) == "concurrent"


def test_function_steps_come_at_first_call() -> None:
    functions = {"f": function("f", do("in f"))}
    assert about(A, call("f"), do("s", B), call("f"), functions=functions).steps() == ["a", "in f", "s", "b"]


def test_unreachable_steps_are_not_reached() -> None:
    drawn = about(A, LEAVE, B, functions={"f": function("f", C)})
    assert [drawn.reaches(name) for name in ("a", "b", "c", "d")] == [True, False, False, False]
    assert drawn.steps() == ["a"]
