"""The steps directly before and after a step."""

from __future__ import annotations

from collections.abc import Mapping

from stepgraph.lsp.steps.adjacent_steps import AdjacentSteps, FlowIndex
from stepgraph.model.details import NO_DETAILS, Detail, Details
from stepgraph.model.payload import FunctionDef, Node
from stepgraph.model.walk import is_step, walk_workflow
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
)


def texts(
    *nodes: Node, functions: Mapping[str, FunctionDef] | None = None, details: Details = NO_DETAILS
) -> dict[str, str]:
    """Return the steps before and after each step: `a | b -> c & d`. `.` is the start or the end of the workflow."""
    workflow = graph(*nodes, functions=dict(functions or {}))["workflow"]
    index = FlowIndex.of(workflow, details)
    steps = [node for node in walk_workflow(workflow) if is_step(node)]
    return {step["name"]: f"{shown(index.before(step))} -> {shown(index.after(step))}" for step in steps}


def shown(adjacent: AdjacentSteps) -> str:
    names = [*(step["name"] for step in adjacent.steps), *(["."] if adjacent.may_be_none else [])]
    failed = [f"failed {step['name']}" for step in adjacent.failed]
    return (" & " if adjacent.are_all else " | ").join([*names, *failed])


def test_steps_in_sequence() -> None:
    assert texts(do("a"), do("b")) == {"a": ". -> b", "b": "a -> ."}


def test_all_members_of_a_group_run() -> None:
    assert texts(do("a"), parallel("all", do("b"), do("c")), do("d")) == {
        "a": ". -> b & c",
        "b": "a -> d",
        "c": "a -> d",
        "d": "b & c -> .",
    }


def test_one_member_of_a_race_is_over() -> None:
    assert texts(parallel("race", do("a"), do("b")), do("c"))["c"] == "a | b -> ."


def test_one_branch_runs() -> None:
    assert texts(either(branch("x", do("a")), branch(None, do("b"))), do("c"))["c"] == "a | b -> ."


def test_a_branch_may_be_skipped() -> None:
    assert texts(do("a"), either(branch("x", do("b"))), do("c"))["c"] == "b | a -> ."


def test_an_exit_leads_to_the_end() -> None:
    assert texts(do("a"), either(branch("x", LEAVE)), do("b"))["a"] == ". -> b | ."


def test_steps_of_other_iterations_are_not_adjacent() -> None:
    assert texts(do("a"), loop(do("b"), do("c")), do("d")) == {
        "a": ". -> b | d",
        "b": "a -> c",
        "c": "b -> d",
        "d": "a | c -> .",
    }


def test_only_exits_leave_an_endless_loop() -> None:
    endless = loop(do("a"), either(branch("x", LEAVE_LOOP)), do("b"))
    details = Details([(endless, Detail("while True"))])
    assert texts(endless, do("c"), details=details)["c"] == "a -> ."


def test_a_function_returns_to_its_call() -> None:
    functions = {"f": function("f", either(branch("x", do("b"))))}
    assert texts(do("a"), call("f"), do("c"), call("f"), do("d"), functions=functions) == {
        "a": ". -> b | c",
        "c": "b | a -> b | d",
        "d": "b | c -> .",
        "b": "a | c -> c | d",
    }


def test_a_function_does_not_return_to_an_unreachable_call() -> None:
    functions = {"f": function("f", do("b"))}
    assert texts(call("f"), LEAVE, call("f"), do("a"), functions=functions)["b"] == ". -> ."


def test_a_failure_leads_to_a_handler() -> None:
    handled = protected(block(do("a"), do("b")), catch=block(do("c")))
    assert texts(handled, do("d")) == {
        "a": ". -> b",
        "b": "a -> d",
        "c": "failed a | failed b -> d",
        "d": "b | c -> .",
    }


def test_a_handler_that_raises_leads_outward() -> None:
    inner = block(do("b"))
    outer = protected(block(protected(block(do("a")), catch=inner), do("c")), catch=block(do("d")))
    details = Details([(inner, Detail(final_raise="raise"))])
    result = texts(outer, details=details)
    assert (result["b"], result["c"]) == ("failed a -> ", "a -> .")
    assert result["d"] == "failed b | failed c | failed a -> ."


def test_nested_steps_begin_in_the_step_around_them() -> None:
    assert texts(do("a"), do("b", do("c"), do("d")), do("e")) == {
        "a": ". -> b",
        "b": "a -> e",
        "c": " -> d",
        "d": "c -> ",
        "e": "b -> .",
    }
