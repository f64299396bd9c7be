"""The nodes and edges of the control flow, for each kind of node."""

from __future__ import annotations

from stepgraph.model.details import NO_DETAILS, Detail, Details
from stepgraph.model.payload import FunctionDef, Node
from stepgraph.render.flow.control_flow import control_flow
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


def edges_of(*nodes: Node, functions: dict[str, FunctionDef] | None = None, details: Details = NO_DETAILS) -> set[str]:
    """Return the edges except failure edges."""
    flow = control_flow(graph(*nodes, functions=functions)["workflow"], details)
    return {
        f"{edge.source} -> {edge.target}"
        + ("" if edge.kind == "next" else f" ({edge.kind})")
        + (f" {edge.label}" if edge.label else "")
        for edge in flow.edges
        if edge.kind != "failure"
    }


def failures(*nodes: Node, functions: dict[str, FunctionDef] | None = None) -> set[str]:
    flow = control_flow(graph(*nodes, functions=functions)["workflow"])
    return {f"{edge.source} -> {edge.target}" for edge in flow.edges if edge.kind == "failure"}


def test_steps_follow_one_another() -> None:
    assert edges_of(do("a"), do("b")) == {"start -> a", "a -> b", "b -> end"}


def test_an_empty_workflow_leads_to_its_end() -> None:
    assert edges_of() == {"start -> end"}


def test_equal_names_are_numbered() -> None:
    assert edges_of(do("a"), do("a"), do("end")) == {"start -> a", "a -> a (2)", "a (2) -> end (2)", "end (2) -> end"}


def test_a_block_has_no_node() -> None:
    assert edges_of(block(do("a"), do("b"))) == {"start -> a", "a -> b", "b -> end"}


def test_conditions_label_branches() -> None:
    assert edges_of(either(branch("paid", do("a")), branch(None))) == {
        "start -> if 1",
        "if 1 -> a (then) paid",
        "a -> if 1 end",
        "if 1 -> if 1 end (else)",
        "if 1 end -> end",
    }


def test_a_missing_else_leads_past_the_branches() -> None:
    assert "if 1 -> if 1 end (else)" in edges_of(either(branch("paid", do("a"))))


def test_cases_label_branches() -> None:
    assert edges_of(switch("kind", branch("1", do("a")), branch(None, do("b")))) == {
        "start -> switch 1",
        "switch 1 -> a (case) 1",
        "switch 1 -> b (else)",
        "a -> switch 1 end",
        "b -> switch 1 end",
        "switch 1 end -> end",
    }


def test_nothing_follows_branches_that_all_leave() -> None:
    assert edges_of(either(branch("x", LEAVE), branch(None, LEAVE)), do("a")) == {
        "start -> if 1",
        "if 1 -> return 1 (then) x",
        "if 1 -> return 2 (else)",
        "return 1 -> end (jump)",
        "return 2 -> end (jump)",
    }


def test_a_loop_leads_back_and_on() -> None:
    assert edges_of(loop(do("a"))) == {
        "start -> loop 1",
        "loop 1 -> a (body)",
        "a -> loop 1 (again)",
        "loop 1 -> loop 1 end",
        "loop 1 end -> end",
    }


def test_a_break_leads_to_the_end_of_its_loop() -> None:
    assert "break 1 -> loop 1 end (jump)" in edges_of(loop(do("a"), either(branch("x", LEAVE_LOOP))))


def test_members_of_a_group_begin_with_it() -> None:
    members = (do("a", starts=1, resolves=2), do("b", starts=1, resolves=2))
    assert edges_of(parallel("all", *members)) == {
        "start -> parallel 1",
        "parallel 1 -> a (parallel)",
        "parallel 1 -> b (parallel)",
        "a -> parallel 1 end",
        "b -> parallel 1 end",
        "parallel 1 end -> end",
    }


def test_clocks_order_the_members_of_a_group() -> None:
    members = (do("a", starts=1, resolves=2), do("b", starts=1, resolves=3), do("c", starts=2, resolves=3))
    assert edges_of(parallel("all", *members)) == {
        "start -> parallel 1",
        "parallel 1 -> a (parallel)",
        "parallel 1 -> b (parallel)",
        "a -> c",
        "b -> parallel 1 end",
        "c -> parallel 1 end",
        "parallel 1 end -> end",
    }


def test_members_that_wait_for_several_others_follow_a_join() -> None:
    members = (do("a", starts=1, resolves=2), do("b", starts=1, resolves=2), do("c", starts=2, resolves=3))
    assert {"a -> join 1", "b -> join 1", "join 1 -> c", "c -> parallel 1 end"} <= edges_of(parallel("all", *members))


def test_a_group_does_not_wait_for_unawaited_members() -> None:
    members = (do("a", starts=1), do("b", starts=1, resolves=2))
    drawn = edges_of(parallel("all", *members))
    assert "b -> parallel 1 end" in drawn
    assert "a -> parallel 1 end" not in drawn


def test_a_race_may_end_without_any_of_its_members() -> None:
    drawn = edges_of(parallel("race", do("a", starts=1), do("b", starts=1)))
    assert {"a -> parallel 1 end", "b -> parallel 1 end", "parallel 1 -> parallel 1 end"} <= drawn


def test_a_failure_leads_to_the_handler() -> None:
    assert failures(protected(block(do("a")), catch=block(do("b")))) == {
        "start -> failure",
        "try 1 -> try 1 catch",
        "a -> try 1 catch",
        "try 1 catch -> failure",
        "b -> failure",
        "try 1 end -> failure",
    }


def test_a_handler_continues_after_the_try() -> None:
    assert edges_of(protected(block(do("a")), catch=block(do("b")))) == {
        "start -> try 1",
        "try 1 -> a",
        "try 1 catch -> b",
        "a -> try 1 end",
        "b -> try 1 end",
        "try 1 end -> end",
    }


def test_handlers_of_several_types_have_no_way_past_them() -> None:
    handlers = switch("exception", branch("ValueError", do("b")), branch("KeyError", do("c")))
    drawn = edges_of(protected(block(do("a")), catch=block(handlers)))
    assert "switch 1 -> switch 1 end (else)" not in drawn
    assert {"try 1 catch -> switch 1", "switch 1 -> b (case) ValueError"} <= drawn


def test_failures_and_jumps_continue_after_finally() -> None:
    nodes = (loop(protected(block(do("a"), LEAVE_LOOP), final=block(do("b")))),)
    assert {"break 1 -> try 1 finally (jump)", "b -> loop 1 end (jump)"} <= edges_of(*nodes)
    assert {"a -> try 1 finally", "b -> failure"} <= failures(*nodes)
    assert "try 1 end -> loop 1 (again)" not in edges_of(*nodes)


def test_calls_lead_through_the_function() -> None:
    drawn = edges_of(call("f"), call("f"), functions={"f": function("f", do("a"))})
    assert drawn == {
        "start -> call f",
        "call f -> f start (call)",
        "f start -> a",
        "a -> f end",
        "f end -> call f end (return)",
        "call f end -> call f (2)",
        "call f (2) -> f start (call)",
        "f end -> call f (2) end (return)",
        "call f (2) end -> end",
    }


def test_a_return_leads_to_the_end_of_its_function() -> None:
    assert "return 1 -> f end (jump)" in edges_of(call("f"), functions={"f": function("f", LEAVE)})


def test_a_failed_function_leads_to_handlers_of_its_callers() -> None:
    drawn = failures(protected(block(call("f")), catch=block()), functions={"f": function("f", do("a"))})
    assert {"a -> f failure", "f failure -> try 1 catch"} <= drawn


def test_nothing_follows_endless_recursion() -> None:
    drawn = edges_of(call("f"), do("b"), functions={"f": function("f", do("a"), call("f"))})
    assert drawn == {"start -> call f", "call f -> f start (call)", "f start -> a", "a -> call f (2)"} | {
        "call f (2) -> f start (call)"
    }


def test_calls_of_unknown_functions_are_passed() -> None:
    assert edges_of(call("f"), do("a")) == {"start -> call f", "call f -> a", "a -> end"}


def test_functions_without_calls_are_left_out() -> None:
    assert edges_of(do("a"), functions={"f": function("f", do("b"))}) == {"start -> a", "a -> end"}


def test_nested_steps_run_inside_their_step() -> None:
    nodes = (do("a", do("b")), do("c"))
    assert edges_of(*nodes) == {"start -> a", "a -> b (body)", "b -> a end", "a end -> c", "c -> end"}
    assert "b -> a" in failures(*nodes)


def test_a_failure_in_a_group_of_results_leads_to_its_end() -> None:
    drawn = failures(parallel("all_settled", do("a"), do("b")))
    assert {"a -> parallel 1 end", "a -> failure"} <= drawn


def test_contents_of_unknown_nodes_may_run_in_any_order() -> None:
    assert edges_of(unknown("future", do("a"), do("b"))) == {
        "start -> future 1",
        "future 1 -> a (body)",
        "future 1 -> b (body)",
        "a -> future 1 end",
        "b -> future 1 end",
        "future 1 -> future 1 end",
        "future 1 end -> end",
    }


def test_a_raise_does_not_lead_out_of_its_function() -> None:
    leave: Node = {"type": "break", "kind": "return"}
    details = Details([(leave, Detail("raise Refused()"))])
    assert edges_of(do("a"), leave, details=details) == {"start -> a", "a -> return 1"}


def test_a_raise_without_a_node_ends_its_branch() -> None:
    unpaid = branch("unpaid", do("a"))
    details = Details([(unpaid, Detail(final_raise="raise Refused()"))])
    assert edges_of(either(unpaid), do("b"), details=details) == {
        "start -> if 1",
        "if 1 -> a (then) unpaid",
        "if 1 -> if 1 end (else)",
        "if 1 end -> b",
        "b -> end",
    }


def test_a_return_may_skip_a_raise_at_the_end_of_its_function() -> None:
    body = function("f", either(branch("known", do("a"))))
    details = Details([(body, Detail(final_raise="raise Unknown()", may_skip_raise=True))])
    assert "call f end -> b" in edges_of(call("f"), do("b"), functions={"f": body}, details=details)


def test_only_exits_leave_an_endless_loop() -> None:
    endless = loop(do("a"), either(branch("paid", LEAVE_LOOP)))
    edges = edges_of(endless, do("b"), details=Details([(endless, Detail("while True"))]))
    assert {edge for edge in edges if "-> loop 1 end" in edge} == {"break 1 -> loop 1 end (jump)"}
