"""Folded nodes: one box or one row with a summary."""

import re
from collections.abc import Sequence
from typing import get_args

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from syrupy.assertion import SnapshotAssertion

from stepgraph.model.payload import FunctionCall, Graph, Node
from stepgraph.model.walk import children, count_steps
from stepgraph.render.flow.chart import Arrow, ArrowKind, Box, BoxKind, FrameStart
from stepgraph.render.flow.dot import render_dot
from stepgraph.render.flow.flow_chart import flow_chart
from stepgraph.render.folding import FoldedKind, Folding, exit_kinds, folded_node_text, folded_text
from stepgraph.render.outline import render_outline
from stepgraph.render.view import View
from tests.render.any_graph import any_graph, any_node
from tests.render.graphs import (
    LEAVE,
    LEAVE_LOOP,
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
    switch,
    unknown,
)


def folded(depth: int | None = None, *kinds: FoldedKind) -> View:
    return View(folding=Folding(depth, kinds))


def folded_boxes(drawn: Graph, view: View) -> list[tuple[str, ...]]:
    """Return the lines of all folded boxes."""
    content = flow_chart(drawn, view).content
    return [item.lines for item in content if isinstance(item, Box) and item.kind is BoxKind.FOLDED]


def rows(drawn: Graph, view: View) -> list[str]:
    return render_outline(drawn, view, color=False).splitlines()[1:]


CONTAINERS: list[tuple[Node, FoldedKind, str]] = [
    (loop(do("a")), "loop", "loop"),
    (parallel("race", do("a")), "parallel", "parallel race"),
    (protected(block(do("a")), catch=block()), "try", "try … catch"),
    (block(do("a")), "block", "in sequence"),
    (either(branch("x > 1", do("a")), branch(None)), "if", "if x > 1 … else"),
    (switch("kind", branch("1", do("a"))), "switch", "switch kind"),
    (function("f", do("a")), "function", "f"),
    (do("s", do("a")), "step", "s"),
]


@pytest.mark.parametrize(("node", "kind", "title"), CONTAINERS)
def test_a_folded_node_is_one_box_with_the_title_of_its_frame(node: Node, kind: FoldedKind, title: str) -> None:
    chart = flow_chart(graph(node, do("b")), folded(None, kind))
    assert [item.lines for item in chart.content if isinstance(item, Box) and item.lines] == [
        (title, "a", "1 step"),
        ("b",),
    ]
    assert [item for item in chart.content if isinstance(item, FrameStart)] == []
    assert chart.arrows[0] == Arrow("n_start", "n_0")
    assert chart == flow_chart(graph(node, do("b")), folded(1))


@pytest.mark.parametrize(("node", "kind", "title"), CONTAINERS)
def test_a_folded_node_is_one_row(node: Node, kind: FoldedKind, title: str) -> None:
    (row,) = rows(graph(node), folded(None, kind))
    assert row.endswith(f" {title}  (a · 1 step)")
    assert [row] == rows(graph(node), folded(1))


@pytest.mark.parametrize(
    "node", [loop(), parallel("all"), protected(block()), block(), either(branch("x")), switch("x"), function("f")]
)
def test_nodes_without_contents_are_not_folded(node: Node) -> None:
    assert flow_chart(graph(node), folded(1)) == flow_chart(graph(node))
    assert rows(graph(node), folded(1)) == rows(graph(node), View())


def test_depth_counts_nodes_not_branches() -> None:
    drawn = graph(either(branch("x", loop(protected(catch=block(do("a")))))))
    assert folded_boxes(drawn, folded(1)) == [("if x …", "a", "1 step")]
    assert folded_boxes(drawn, folded(2)) == [("loop", "a", "1 step")]
    assert folded_boxes(drawn, folded(3)) == [("try … catch", "a", "1 step")]
    assert folded_boxes(drawn, folded(4)) == []
    assert rows(drawn, folded(2)) == ["└─ ◇ if x", "   └─ ↻ loop  (a · 1 step)"]
    assert rows(drawn, folded(3))[-1] == "      └─ ▣ try … catch  (a · 1 step)"


def test_a_function_that_returns_early_says_so() -> None:
    functions = {"f": function("f", either(branch("x", LEAVE)), do("a"))}
    drawn = graph(call("f"), functions=functions)
    assert rows(drawn, View(Folding(kinds=("function",)))) == ["└─ ƒ f  (a · 1 step · may end early)"]


def test_the_nodes_in_a_case_are_one_level_below_their_switch() -> None:
    drawn = graph(switch("x", branch("1", loop(loop(do("a"))))))
    assert rows(drawn, folded(3)) == [
        "└─ ◆ switch x",
        "   └─ case 1",
        "      └─ ↻ loop",
        "         └─ ↻ loop  (a · 1 step)",
    ]


def test_a_folded_step_shows_its_settings() -> None:
    config = {"retries": {"limit": 3, "delay": 1000, "backoff": "exponential"}, "timeout": "10 minutes"}
    step = do("s", do("a"), do("b"), starts=1, resolves=2, config=config)  # type: ignore[arg-type]
    assert folded_boxes(graph(step), folded(1)) == [("s [1→2]", "3 retries", "a, b", "2 steps")]
    assert rows(graph(step), folded(1)) == ["└─ ● s [1→2]  3 retries  (a, b · 2 steps)"]


def test_an_unknown_node_is_folded_by_its_depth() -> None:
    odd = unknown("teleport", do("a"), name="beam")
    assert folded_boxes(graph(odd), folded(1)) == [("teleport beam", "a", "1 step")]
    assert rows(graph(odd), folded(1)) == ["└─ ? teleport beam  (a · 1 step)"]


def test_a_start_is_folded_by_its_depth() -> None:
    start = unknown("start", do("a"), class_name="Orders", functions={})
    assert folded_boxes(graph(start), folded(1)) == [("start Orders", "a", "1 step")]
    assert rows(graph(start), folded(1)) == ["└─ ▸ start Orders  (a · 1 step)"]


def test_a_function_is_one_level() -> None:
    drawn = graph(call("f"), functions={"f": function("f", loop(do("a")))})
    assert folded_boxes(drawn, folded(1)) == [("f", "a", "1 step")]
    assert folded_boxes(drawn, folded(2)) == [("loop", "a", "1 step")]
    assert folded_boxes(drawn, folded(None, "function")) == [("f", "a", "1 step")]


def test_a_folded_call_is_not_expanded() -> None:
    drawn = graph(call("f"), loop(call("f")), functions={"f": function("f", do("a"), do("b"))})
    assert rows(drawn, folded(1)) == ["├─ ƒ f  (a, b · 2 steps)", "└─ ↻ loop  (f · 1 call)"]
    assert rows(drawn, folded(None, "function")) == [
        "├─ ƒ f  (a, b · 2 steps)",
        "└─ ↻ loop",
        "   └─ ƒ f  (a, b · 2 steps)",
    ]


def test_an_expanded_function_is_not_summarized_again() -> None:
    drawn = graph(call("f"), loop(call("f")), functions={"f": function("f", do("a"))})
    assert rows(drawn, folded(2)) == ["├─ ƒ f", "│  └─ ● a", "└─ ↻ loop", "   └─ ↑ f  (shown above)"]


def test_missing_and_empty_functions_are_not_folded() -> None:
    drawn = graph(call("f"), call("g"), functions={"g": function("g")})
    assert rows(drawn, folded(1)) == ["├─ ƒ f  (not in this graph)", "└─ ƒ g  (no steps)"]


def test_functions_called_in_folded_nodes_are_listed_below() -> None:
    functions = {
        "f": function("f", call("g")),
        "g": function("g", do("a")),
        "h": function("h", loop(do("b"))),
    }
    assert rows(graph(loop(call("f")), functions=functions), folded(1)) == [
        "└─ ↻ loop  (f · 1 call)",
        "",
        "Functions that are called in folded parts",
        "ƒ f  (g · 1 call)",
        "ƒ g  (a · 1 step)",
        "",
        "Functions that are never called",
        "ƒ h  (b · 1 step)",
    ]
    assert rows(graph(loop(call("f")), functions=functions), folded(None, "loop")) == [
        "└─ ↻ loop  (f · 1 call)",
        "",
        "Functions that are called in folded parts",
        "ƒ f",
        "└─ ƒ g",
        "   └─ ● a",
        "",
        "Functions that are never called",
        "ƒ h",
        "└─ ↻ loop  (b · 1 step)",
    ]


def test_a_box_that_may_return_has_no_arrow_for_it() -> None:
    drawn = graph(either(branch("x", do("a"), LEAVE)), do("b"))
    assert folded_boxes(drawn, folded(1)) == [("if x …", "a", "1 step · may return")]
    assert flow_chart(drawn, folded(1)).arrows[1:] == (Arrow("n_0", "n_1"), Arrow("n_1", "n_end"))


def test_a_break_leads_from_the_box_past_the_loop() -> None:
    drawn = graph(loop(do("a"), either(branch("x", do("c"), LEAVE_LOOP))), do("b"))
    assert folded_boxes(drawn, folded(2)) == [("if x …", "c", "1 step · may break")]
    assert Arrow("n_0_1", "n_0_after", ArrowKind.LEAVE, "break") in flow_chart(drawn, folded(2)).arrows


def test_a_folded_call_shows_its_clocks() -> None:
    called: FunctionCall = {"type": "function_call", "name": "f", "starts": 1, "resolves": 2}
    group = parallel("all", called, do("a", starts=1, resolves=3))
    drawn = graph(group, functions={"f": function("f", do("b"))})
    assert folded_boxes(drawn, folded(None, "function")) == [("f [1→2]", "b", "1 step")]


def test_an_if_that_only_leaves_is_not_folded() -> None:
    drawn = graph(either(branch("x", LEAVE)))
    assert folded_boxes(drawn, folded(1)) == []
    assert rows(drawn, folded(1)) == ["└─ ◇ if x: return"]


def test_nothing_follows_a_folded_node_that_always_returns() -> None:
    drawn = graph(either(branch("x", LEAVE), branch(None, LEAVE)), do("b"))
    assert Arrow("n_0", "n_1") not in flow_chart(drawn, folded(1)).arrows


def test_caught_exits_do_not_leave_a_folded_node() -> None:
    assert folded_node_text(function("f", do("a"), LEAVE)) == "1 step"
    assert folded_node_text(loop(do("a"), LEAVE_LOOP)) == "1 step"
    assert folded_node_text(loop(do("a"), LEAVE)) == "1 step · may return"


@pytest.mark.parametrize(
    ("nodes", "text"),
    [
        ([], "no steps"),
        ([LEAVE], "no steps"),
        ([call("f")], "1 call"),
        ([do("a", do("b")), call("f"), loop(call("g"))], "2 steps · 2 calls"),
        ([{"type": "step_sleep", "name": "a", "duration": 1}], "1 step"),
    ],
)
def test_folded_contents_are_counted(nodes: Sequence[Node], text: str) -> None:
    assert folded_text(nodes) == text


def test_the_order_workflow_folded(snapshot: SnapshotAssertion) -> None:
    assert render_outline(ORDERS, folded(1), color=False) == snapshot(name="outline")
    assert render_dot(ORDERS, folded(1)) == snapshot(name="dot")


@pytest.mark.slow
def test_deep_nesting_exceeds_the_recursion_limit() -> None:
    assert folded_boxes(deep(3000), folded(1)) == [("loop", "the innermost step", "1 step")]
    assert rows(deep(3000), folded(1)) == ["└─ ↻ loop  (the innermost step · 1 step)"]


views = st.builds(
    lambda depth, kinds: folded(depth, *kinds),
    st.none() | st.integers(1, 4),
    st.lists(st.sampled_from(get_args(FoldedKind)), max_size=3),
)


@pytest.mark.slow
@given(any_graph, views)
def test_every_step_is_drawn_or_counted_in_a_chart(drawn: Graph, view: View) -> None:
    boxes = [item for item in flow_chart(drawn, view).content if isinstance(item, Box)]
    open_steps = sum(box.kind is BoxKind.STEP for box in boxes)
    folded_steps = sum(box.kind is BoxKind.FOLDED and box.lines[0].partition(" ")[0] == "s" for box in boxes)
    assert open_steps + folded_steps + sum(map(_counted, folded_boxes(drawn, view))) == count_steps(drawn["workflow"])


@pytest.mark.slow
@given(any_graph, views)
def test_every_step_is_drawn_or_counted_in_an_outline(drawn: Graph, view: View) -> None:
    lines = rows(drawn, view)
    assert sum("●" in line for line in lines) + sum(_counted([line]) for line in lines) == count_steps(
        drawn["workflow"]
    )


@pytest.mark.slow
@given(any_node)
@example(protected(block(LEAVE), final=block(LEAVE)))
def test_exits_in_the_text_match_arrows_from_the_box(node: Node) -> None:
    box = next(item for item in flow_chart(graph(node), folded(1)).content if isinstance(item, Box) and item.lines)
    if box.kind is BoxKind.FOLDED:
        labels = {arrow.label for arrow in flow_chart(graph(node), folded(1)).arrows if arrow.kind is ArrowKind.LEAVE}
        assert labels <= exit_kinds(node)
        assert children(node)


def _counted(lines: Sequence[str]) -> int:
    return sum(int(number) for line in lines for number in re.findall(r"(\d+) steps?\b", line))
