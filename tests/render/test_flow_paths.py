"""The paths of flow charts: those of the control flow, and no others."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from stepgraph.model.details import Detail, Details
from stepgraph.model.payload import Block, Branch, Graph, Node
from stepgraph.model.walk import is_clocked, is_step, walk
from stepgraph.render.flow.chart import ArrowKind, Box, BoxKind, Chart, FrameKind, FrameStart
from stepgraph.render.flow.control_flow import END, control_flow
from stepgraph.render.flow.flow_chart import flow_chart
from stepgraph.render.view import View
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
)

Paths = set[tuple[str, str]]
"""Pairs of a step, or the start, and a step that may be next, or the end."""


def paths_of_control(drawn: Graph) -> Paths:
    flow = control_flow(drawn["workflow"])
    names = {node.id: node.name for node in flow.nodes if node.name is not None}
    edges = [(edge.source, edge.target) for edge in flow.edges if edge.kind != "failure"]
    return _between(edges, {**names, "start": "start", END: END})


def paths_of_chart(drawn: Graph) -> Paths:
    """Return the paths of a chart without failures.

    A `return` without an arrow ends the workflow, and each loop may be skipped.
    """
    chart = flow_chart(drawn)
    boxes = {item.id: item for item in chart.content if isinstance(item, Box)}
    names = {box.id: _name(box) for box in boxes.values() if _name(box)}
    edges = [(arrow.tail, arrow.head) for arrow in chart.arrows if arrow.kind is not ArrowKind.FAILURE]
    tails = {tail for tail, _ in edges}
    edges += [(box.id, END) for box in boxes.values() if box.kind is BoxKind.EXIT and box.id not in tails]
    edges += [(foot.removesuffix("_foot") + "_head", foot) for foot in boxes if foot.endswith("_foot")]
    return _between(edges, {**names, END: END})


def _name(box: Box) -> str:
    points = {BoxKind.START: "start", BoxKind.END: END}
    is_work = box.kind in {BoxKind.STEP, BoxKind.CALL}
    return points.get(box.kind, box.lines[0].partition(" [")[0] if is_work else "")


def _between(edges: Iterable[tuple[str, str]], names: Mapping[str, str]) -> Paths:
    """Return the pairs of names that a path connects without passing a third name."""
    targets: dict[str, list[str]] = {}
    for source, target in edges:
        targets.setdefault(source, []).append(target)
    pairs: Paths = set()
    for source, name in names.items():
        pending, reached = list(targets.get(source, ())), set()
        while pending:
            target = pending.pop()
            if target in names:
                pairs.add((name, names[target]))
            elif target not in reached:
                reached.add(target)
                pending += targets.get(target, ())
    return pairs


leaves: st.SearchStrategy[Callable[[str], Node]] = st.sampled_from(
    [
        *[do] * 4,
        call,
        lambda name: do(name, starts=1, resolves=2),
        lambda name: do(name, starts=2, resolves=3),
        lambda name: do(name, starts=1),
        lambda _: LEAVE,
        lambda _: LEAVE_LOOP,
    ]
)
numbers = st.integers(0, 10**9).map(str)
leaf = st.builds(lambda make, name: make(name), leaves, numbers)


def _containers(nodes: st.SearchStrategy[Node]) -> st.SearchStrategy[Node]:
    several = st.lists(nodes, max_size=3)
    blocks = several.map(lambda inner: block(*inner))
    conditions = st.sampled_from(["x", "y", None])
    branches: st.SearchStrategy[list[Branch]] = st.lists(
        st.builds(lambda condition, inner: branch(condition, *inner), conditions, several), min_size=1, max_size=3
    )
    return st.one_of(
        several.map(lambda inner: loop(*inner)),
        st.builds(lambda name, inner: do(name, *inner), numbers, several),
        several.map(lambda inner: parallel("all", *inner)),
        branches.map(lambda listed: either(*listed)),
        branches.map(lambda listed: switch("d", *listed)),
        *[st.builds(_protected, blocks, st.none() | blocks, st.none() | blocks)] * 3,
    )


def _protected(body: Block, catch: Block | None, final: Block | None) -> Node:
    return protected(body, catch=catch, final=final)


graphs = st.lists(st.recursive(leaf, _containers, max_leaves=10), min_size=1, max_size=3).map(
    lambda nodes: graph(*nodes)
)


@pytest.mark.slow
@given(graphs)
@example(graph(loop(protected(block(do("1"), either(branch("x", LEAVE_LOOP))), final=block(do("2")))), do("3")))
@example(graph(protected(block(do("1"), LEAVE), final=block(do("2"))), do("3")))
def test_a_chart_has_each_path_of_the_control_flow_and_no_other(drawn: Graph) -> None:
    _assume_that_all_is_reached(drawn)
    assert paths_of_chart(drawn) == paths_of_control(drawn)


def _assume_that_all_is_reached(drawn: Graph) -> None:
    """Reject graphs with equal names, and with nodes after an exit, which only the chart shows."""
    nodes = list(walk(drawn["workflow"]["nodes"]))
    names = [node["name"] for node in nodes if is_clocked(node)]
    reached = [node.node for node in control_flow(drawn["workflow"]).nodes if node.node is not None]
    exits = [node for node in nodes if node["type"] == "break"]
    assume(len(set(names)) == len(names))
    assume(len([node for node in reached if is_clocked(node)]) == len(names))
    assume(len([node for node in reached if node["type"] == "break"]) == len(exits))


def exits_of(chart: Chart) -> list[tuple[str, bool]]:
    """Return the text of each exit, and whether a way leads on from it."""
    tails = {arrow.tail for arrow in chart.arrows}
    return [
        (item.lines[0], item.id in tails)
        for item in chart.content
        if isinstance(item, Box) and item.kind in {BoxKind.EXIT, BoxKind.RAISE}
    ]


RETURNING = either(branch("x", LEAVE))
BREAKING = either(branch("x", LEAVE_LOOP))
FINAL = block(do("f"))


@pytest.mark.parametrize(
    ("node", "exits"),
    [
        (protected(block(do("a")), catch=block(do("c"))), []),
        (protected(block(do("a")), final=FINAL), [("raise, after finally", False)]),
        (protected(block(do("a")), catch=block(do("c")), final=FINAL), []),
        (
            protected(block(do("a"), RETURNING), final=FINAL),
            [("return", True), ("raise, after finally", False), ("return, after finally", False)],
        ),
        (
            protected(block(do("a")), catch=block(LEAVE), final=FINAL),
            [("return", True), ("return, after finally", False)],
        ),
        (
            loop(protected(block(do("a"), BREAKING), catch=block(do("c")), final=FINAL)),
            [("break", True), ("break, after finally", True)],
        ),
        (protected(block(do("a")), final=block(do("f"), LEAVE)), [("return", False)]),
        (
            protected(block(protected(block(do("a")), final=FINAL)), final=block(do("g"))),
            [("raise, after finally", True), ("raise, after finally", False)],
        ),
        (
            protected(block(protected(block(do("a")), final=FINAL)), catch=block(do("c"))),
            [("raise, after finally", False)],
        ),
    ],
)
def test_exits_after_each_kind_of_try(node: Node, exits: list[tuple[str, bool]]) -> None:
    assert exits_of(flow_chart(graph(node, do("next")))) == exits


def test_a_failure_never_leads_from_a_finally_to_the_next_step() -> None:
    drawn = graph(protected(block(do("a"), LEAVE), final=FINAL), do("next"))
    assert ("f", "next") not in paths_of_chart(drawn)
    assert "raise, after finally" in [text for text, _ in exits_of(flow_chart(drawn))]


def test_an_error_that_no_handler_catches_is_raised() -> None:
    other = branch(None, LEAVE)
    drawn = graph(
        protected(block(do("a")), catch=block(switch("exception", branch("KeyError", do("c")), other))), do("next")
    )
    details = Details([(LEAVE, Detail("raise", ("any other error",)))])
    chart = flow_chart(drawn, View(details=details))
    (label,) = [arrow.label for arrow in chart.arrows if arrow.head == "n_0_catch_0_b1_0"]
    assert (label, exits_of(chart)) == ("any other error", [("raise", False)])


def test_no_error_passes_the_handlers_of_a_saved_graph() -> None:
    handlers = switch("exception", branch("KeyError", do("c")))
    drawn = graph(protected(block(do("a")), catch=block(handlers)), do("next"))
    assert paths_of_chart(drawn) == paths_of_control(drawn)
    assert [item.title for item in flow_chart(drawn).content if isinstance(item, FrameStart)] == ["try", "", "catch"]


def test_a_raise_goes_through_finally_and_remains_a_raise() -> None:
    drawn = graph(protected(block(do("a"), LEAVE), catch=block(do("c")), final=FINAL))
    detail = Detail("raise ValueError", ("not caught here",))
    chart = flow_chart(drawn, View(details=Details([(LEAVE, detail)])))
    assert exits_of(chart) == [("raise ValueError", True), ("raise, after finally", False)]
    kinds = [arrow.kind for arrow in chart.arrows if arrow.head == "n_0_raise"]
    assert kinds == [ArrowKind.FAILURE]


def test_a_raise_that_a_handler_may_catch_ends_in_its_block() -> None:
    drawn = graph(protected(block(do("a"), LEAVE), catch=block(do("c")), final=FINAL))
    chart = flow_chart(drawn, View(details=Details([(LEAVE, Detail("raise ValueError"))])))
    assert exits_of(chart) == [("raise ValueError", False)]


def test_raise_in_a_group_that_keeps_failures_skips_finally() -> None:
    settled = parallel("all_settled", block(either(branch("x", LEAVE)), do("a")), do("b"))
    drawn = graph(protected(block(settled), final=FINAL))
    chart = flow_chart(drawn, View(details=Details([(LEAVE, Detail("raise ValueError"))])))
    assert exits_of(chart)[0] == ("raise ValueError", False)


def test_nothing_follows_a_raise_without_a_node() -> None:
    handler = block(do("c"))
    drawn = graph(protected(block(do("a")), catch=handler), do("b"))
    chart = flow_chart(drawn, View(details=Details([(handler, Detail("except KeyError", final_raise="raise"))])))
    assert exits_of(chart) == [("raise", False)]
    assert [arrow.tail for arrow in chart.arrows if arrow.head == "n_1"] == ["n_0_try_0"]


def test_a_conditional_raise_without_a_node_is_beside_the_path() -> None:
    drawn = graph(do("a"))
    detail = Detail(guards=(("x", "raise ValueError"),))
    chart = flow_chart(drawn, View(details=Details([(drawn["workflow"], detail)])))
    assert [(arrow.tail, arrow.head, arrow.label) for arrow in chart.arrows[1:]] == [
        ("n_0", "n_if0", ""),
        ("n_if0", "n_raise0", "yes"),
        ("n_if0", "n_end", ""),
    ]


def test_only_exits_leave_an_endless_loop() -> None:
    endless = loop(do("a"), BREAKING)
    chart = flow_chart(graph(endless, do("b")), View(details=Details([(endless, Detail("while True"))])))
    assert [arrow.tail for arrow in chart.arrows if arrow.head == "n_1"] == ["n_0_1_b0_0"]


def frames(chart: Chart) -> list[str]:
    return [item.title for item in chart.content if isinstance(item, FrameStart) and item.kind is FrameKind.FUNCTION]


def calls(chart: Chart) -> list[tuple[str, ...]]:
    return [item.lines for item in chart.content if isinstance(item, Box) and item.kind is BoxKind.CALL]


REPEATED = graph(call("f"), call("f"), functions={"f": function("f", do("a"))})


def test_a_function_is_drawn_at_its_first_call() -> None:
    chart = flow_chart(REPEATED)
    assert frames(chart) == ["f"]
    assert calls(chart) == [("f", "drawn at its first call")]
    assert paths_of_chart(REPEATED) == {("start", "a"), ("a", "f"), ("f", END)}


def test_all_calls_can_be_expanded() -> None:
    chart = flow_chart(REPEATED, View(expand="all"))
    assert (frames(chart), calls(chart)) == (["f", "f"], [])


def test_functions_can_be_drawn_by_themselves() -> None:
    chart = flow_chart(REPEATED, View(expand="none"))
    assert (frames(chart), calls(chart)) == (["f"], [("f", "drawn separately")] * 2)


def test_recursion_is_a_call() -> None:
    chart = flow_chart(graph(call("f"), functions={"f": function("f", do("a"), call("f"))}))
    assert (frames(chart), calls(chart)) == (["f"], [("f", "calls itself")])


def test_a_function_that_nothing_calls_is_drawn_by_itself() -> None:
    assert frames(flow_chart(graph(do("a"), functions={"f": function("f", do("b"))}))) == ["f · never called"]


def test_a_return_of_a_function_leads_to_its_end() -> None:
    functions = {"f": function("f", RETURNING, do("a"))}
    assert paths_of_chart(graph(call("f"), do("b"), functions=functions)) == {
        ("start", "a"),
        ("start", "b"),
        ("a", "b"),
        ("b", END),
    }


def test_every_step_of_a_graph_is_drawn_once() -> None:
    functions = {"f": function("f", do("b"), call("g")), "g": function("g", do("c"), call("f"))}
    drawn = graph(do("a"), call("g"), functions=functions)
    names = [item.lines[0] for item in flow_chart(drawn).content if isinstance(item, Box) and item.kind is BoxKind.STEP]
    steps = [node["name"] for body in functions.values() for node in walk(body["nodes"]) if is_step(node)]
    assert sorted(names) == sorted(["a", *steps])
