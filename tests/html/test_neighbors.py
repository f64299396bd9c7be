"""The nodes before and after a node."""

from __future__ import annotations

from stepgraph.model.details import Detail, Details
from stepgraph.model.payload import Graph
from stepgraph.render.html.neighbors import Neighbors
from stepgraph.render.html.section import picture
from stepgraph.render.view import DEFAULT_VIEW, View
from tests.render.graphs import LEAVE, ORDERS, block, branch, call, do, either, function, graph, loop, protected


def neighbors(drawn: Graph, view: View = DEFAULT_VIEW) -> Neighbors:
    shown = picture(drawn, view, "")
    assert shown is not None
    return Neighbors.of(drawn["workflow"], shown.nodes, view.details)


def test_steps_in_sequence_follow_each_other() -> None:
    steps = neighbors(graph(do("a"), do("b"), do("c")))
    assert steps.before("orders--a") == []
    assert steps.before("orders--b") == [("orders--a", "")]
    assert steps.after("orders--b") == [("orders--c", "")]
    assert steps.after("orders--c") == []


def test_the_ends_of_a_branch_have_the_neighbors_of_the_choice() -> None:
    nodes = neighbors(graph(do("a"), either(branch("x", do("b")), branch(None, do("c"), LEAVE)), do("d")))
    assert nodes.before("orders--node.if.1--b") == [("orders--a", "")]
    assert nodes.after("orders--node.if.1--b") == [("orders--d", "")]
    assert nodes.after("orders--node.if.2--c") == [("orders--node.if.2--exit.return", "")]
    assert nodes.after("orders--node.if.2--exit.return") == ()
    assert nodes.before("orders--d") == [("orders--node.if", "")]


def test_the_code_after_a_jump_follows_its_guard() -> None:
    skip = branch("x")
    drawn = graph(loop(either(skip, branch(None, do("a")))), do("b"))
    nodes = neighbors(drawn, View(details=Details([(skip, Detail(final_jump="continue"))])))
    assert nodes.after("orders--node.loop--node.if") == [("orders--node.loop--node.if.2--a", "")]
    assert nodes.before("orders--node.loop--node.if.2--a") == [("orders--node.loop--node.if", "")]
    assert nodes.after("orders--node.loop--node.if.2--a") == [("orders--b", "after the loop")]


def test_the_second_choice_is_not_the_second_branch() -> None:
    nodes = neighbors(graph(either(branch("x", do("a")), branch(None, do("b"))), either(branch("y", do("c")))))
    assert nodes.before("orders--node.if.2--b") == []
    assert nodes.before("orders--node.if.2.1--c") == [("orders--node.if", "")]


def test_the_last_step_of_a_loop_precedes_the_next_node() -> None:
    nodes = neighbors(graph(loop(do("a")), do("b")))
    assert nodes.after("orders--node.loop--a") == [("orders--b", "after the loop")]


def test_the_parts_of_a_try_follow_each_other() -> None:
    saved = protected(block(do("a")), catch=block(do("b")), final=block(do("c")))
    nodes = neighbors(graph(do("first"), saved, do("last")))
    assert nodes.before("orders--node.try.body--a") == [("orders--first", "")]
    assert nodes.before("orders--node.try.catch--b") == [("orders--node.try", "if it fails")]
    assert nodes.before("orders--node.try.finally--c") == [("orders--node.try", "in any case")]
    assert nodes.after("orders--node.try.body--a") == [("orders--node.try.finally--c", "")]
    assert nodes.after("orders--node.try.catch--b") == [("orders--node.try.finally--c", "")]
    assert nodes.after("orders--node.try.finally--c") == [("orders--last", "")]


def test_clocks_order_the_members_of_a_group() -> None:
    nodes, group = neighbors(ORDERS), "orderworkflow--node.parallel"
    assert nodes.before(f"{group}--book-the-carrier") == [
        (f"{group}--price-the-basket", ""),
        (f"{group}--check-the-credit", ""),
    ]
    assert nodes.after(f"{group}--book-the-carrier") == [("orderworkflow--node.loop", "")]
    assert nodes.after(f"{group}--remind-later") == ()  # nothing waits for it


def test_each_call_of_a_function_has_its_own_neighbors() -> None:
    calls = graph(do("a"), call("f"), do("b"), call("f"), functions={"f": function("f", do("x"))})
    nodes = neighbors(calls, View(expand="all"))
    assert nodes.before("orders--call.f--x") == [("orders--a", "")]
    assert nodes.before("orders--call.f.2--x") == [("orders--b", "")]
    assert nodes.after("orders--call.f.2--x") == []
