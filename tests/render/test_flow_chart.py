"""The paths of a flow chart: arrows between boxes, each named by its text or its position."""

from collections import Counter

import pytest
from hypothesis import example, given

from stepgraph.model.details import Detail, Details
from stepgraph.model.payload import Graph, Node
from stepgraph.model.walk import walk
from stepgraph.render.flow.chart import Arrow, ArrowKind, Box, BoxKind, Chart, FrameEnd, FrameStart
from stepgraph.render.flow.flow_chart import flow_chart
from stepgraph.render.folding import Folding
from stepgraph.render.view import DEFAULT_VIEW, View
from tests.render.any_graph import any_graph
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

POINTS = {BoxKind.START: "start", BoxKind.END: "end", BoxKind.FORK: "fork", BoxKind.MERGE: "merge"}


def arrows(drawn: Graph, view: View = DEFAULT_VIEW) -> list[str]:
    """Return the arrows of a chart as text, in drawing order."""
    chart = flow_chart(drawn, view)
    names = {box.id: _name(box) for box in boxes(chart)}
    return [_arrow_text(arrow, names) for arrow in chart.arrows]


def boxes(chart: Chart) -> list[Box]:
    return [item for item in chart.content if isinstance(item, Box)]


def frames(drawn: Graph, view: View) -> list[str]:
    """Return the titles of the frames of a chart."""
    return [item.title for item in flow_chart(drawn, view).content if isinstance(item, FrameStart)]


def _name(box: Box) -> str:
    return box.lines[0] if box.lines else POINTS.get(box.kind, box.id)


def _arrow_text(arrow: Arrow, names: dict[str, str]) -> str:
    label = f" ({arrow.label})" if arrow.label else ""
    kind = "" if arrow.kind is ArrowKind.NEXT else f" {arrow.kind.name.lower()}"
    return f"{names[arrow.tail]} → {names[arrow.head]}{label}{kind}"


def test_a_sequence_leads_from_start_to_end() -> None:
    assert arrows(graph(do("a"), do("b"))) == ["start → a", "a → b", "b → end"]


def test_code_that_only_a_shown_raise_skips_has_no_condition() -> None:
    leave: Node = {"type": "break", "kind": "break"}
    rest = branch("no exception", do("b"))
    drawn = graph(loop(do("a"), either(branch("x", leave))), either(rest))
    details = Details([(leave, Detail("raise ValueError")), (rest, Detail(is_certain=True))])
    shown = arrows(drawn, View(details=details))
    assert [arrow for arrow in shown if arrow.startswith(("raise", "no exception"))] == []
    assert shown[-1] == "b → end"


def test_branches_join() -> None:
    drawn = graph(either(branch("x", do("a")), branch(None, do("b"))), do("c"))
    assert arrows(drawn) == [
        "start → if",
        "if → a (x)",
        "if → b (else)",
        "a → n_0_join",
        "b → n_0_join",
        "n_0_join → c",
        "c → end",
    ]


def test_an_if_without_an_else_may_be_passed() -> None:
    assert arrows(graph(either(branch("x", do("a"))))) == [
        "start → x",
        "x → a (yes)",
        "a → n_0_join",
        "x → n_0_join",
        "n_0_join → end",
    ]


def test_an_if_that_only_leaves_has_no_frame() -> None:
    chart = flow_chart(graph(either(branch("x", LEAVE)), do("a")))
    assert [item.id for item in chart.content if isinstance(item, FrameStart)] == []
    assert arrows(graph(either(branch("x", LEAVE)), do("a"))) == [
        "start → x",
        "x → return (yes) leave",
        "x → a",
        "a → end",
    ]


def test_the_way_past_several_conditions_has_no_label() -> None:
    drawn = graph(either(branch("x", do("a")), branch("y", do("b"))))
    assert "if → n_0_join" in arrows(drawn)


def test_a_switch_without_a_default_may_match_nothing() -> None:
    assert "kind → n_0_join (no match)" in arrows(graph(switch("kind", branch("1", do("a")))))


def test_a_switch_with_a_default_always_takes_a_branch() -> None:
    drawn = graph(switch("kind", branch("1", do("a")), branch(None, do("b"))))
    assert arrows(drawn)[1:3] == ["kind → a (1)", "kind → b (default)"]


def test_a_return_of_the_workflow_ends_where_it_is() -> None:
    assert arrows(graph(either(branch("x", LEAVE), branch(None, do("a"))), do("b"))) == [
        "start → if",
        "if → return (x)",
        "if → a (else)",
        "a → n_0_join",
        "n_0_join → b",
        "b → end",
    ]


def test_a_return_in_a_group_leads_to_the_end() -> None:
    assert arrows(graph(parallel("all", either(branch("x", LEAVE)), do("a"))))[-1] == "return → end leave"


def test_a_workflow_that_always_returns_early_has_no_other_end() -> None:
    assert arrows(graph(do("a"), LEAVE)) == ["start → a", "a → return"]


def test_a_loop_has_an_arrow_back() -> None:
    assert arrows(graph(loop(do("a")), do("b"))) == [
        "start → n_0_head",
        "n_0_head → a",
        "a → n_0_foot",
        "n_0_foot → n_0_head again",
        "n_0_foot → b",
        "b → end",
    ]


def test_a_break_leads_past_its_loop() -> None:
    assert arrows(graph(loop(do("a"), either(branch("x", LEAVE_LOOP))), do("b")))[-4:] == [
        "n_0_foot → n_0_after",
        "break → n_0_after leave",
        "n_0_after → b",
        "b → end",
    ]


def test_a_loop_left_by_every_iteration_can_be_skipped() -> None:
    assert arrows(graph(loop(do("a"), LEAVE), do("b"))) == [
        "start → n_0_head",
        "n_0_head → a",
        "a → return",
        "n_0_head → n_0_foot (no pass) skip",
        "n_0_foot → b",
        "b → end",
    ]


def guarded(*before: Node) -> tuple[Graph, Details]:
    """Return a loop that continues at `x`, with the nodes of its other iterations in the `else`."""
    skip = branch("x", *before)
    return graph(loop(either(skip, branch(None, do("a"))))), Details([(skip, Detail(final_jump="continue"))])


def test_code_after_a_jump_is_below_its_guard() -> None:
    drawn, details = guarded()
    assert arrows(drawn, View(details=details)) == [
        "start → n_0_head",
        "n_0_head → x",
        "x → continue (yes) leave",
        "x → a",
        "a → n_0_foot",
        "continue → n_0_foot leave",
        "n_0_foot → n_0_head again",
        "n_0_foot → end",
    ]
    assert frames(drawn, View(details=details)) == ["loop"]


def test_code_after_steps_and_a_jump_is_below_their_frame() -> None:
    drawn, details = guarded(do("b"))
    assert arrows(drawn, View(details=details))[1:6] == [
        "n_0_head → x",
        "x → b (yes)",
        "b → continue",
        "x → a",
        "a → n_0_foot",
    ]
    assert frames(drawn, View(details=details)) == ["loop", ""]


def test_only_the_steps_before_a_jump_are_in_its_box() -> None:
    drawn, details = guarded(do("b"))
    view = View(Folding(kinds=("if",)), details=details)
    assert arrows(drawn, view)[1:5] == [
        "n_0_head → if x …",
        "if x … → a",
        "a → n_0_foot",
        "if x … → n_0_foot leave",
    ]


def test_a_failure_leads_from_the_body_frame_to_the_catch() -> None:
    chart = flow_chart(graph(protected(block(do("a"), do("b")), catch=block(do("c")))))
    (failure,) = [arrow for arrow in chart.arrows if arrow.kind is ArrowKind.FAILURE]
    assert failure == Arrow(
        "n_0_try_0", "n_0_catch_0", ArrowKind.FAILURE, "on failure", tail_frame="n_0_try", head_frame="n_0_catch"
    )


def test_a_catch_leads_to_the_next_node() -> None:
    assert arrows(graph(protected(block(do("a")), catch=block(do("b"))), do("c"))) == [
        "start → a",
        "a → b (on failure) failure",
        "a → n_0_join",
        "b → n_0_join recovered",
        "n_0_join → c",
        "c → end",
    ]


def test_without_a_catch_a_failure_leads_past_the_body() -> None:
    assert arrows(graph(protected(block(do("a"), do("b"))), do("c"))) == [
        "start → a",
        "a → b",
        "b → n_0_join",
        "a → n_0_join (on failure) failure",
        "n_0_join → c",
        "c → end",
    ]


def test_a_return_goes_through_finally() -> None:
    drawn = graph(protected(block(do("a"), either(branch("x", LEAVE))), final=block(do("f"))), do("b"))
    assert arrows(drawn)[3:] == [
        "x → n_0_join",
        "return → n_0_join leave",
        "n_0_join → f",
        "a → f (on failure) failure",
        "f → raise, after finally failure",
        "f → return, after finally leave",
        "f → b",
        "b → end",
    ]


def test_a_break_goes_through_finally_out_of_the_loop() -> None:
    drawn = graph(loop(protected(block(do("a"), LEAVE_LOOP), catch=block(do("c")), final=block(do("f")))), do("b"))
    assert "break, after finally → n_0_after leave" in arrows(drawn)


def test_members_of_a_group_run_between_its_bars() -> None:
    assert arrows(graph(parallel("all", do("a"), block(do("b"), do("c"))))) == [
        "start → fork",
        "fork → a",
        "fork → b",
        "b → c",
        "a → merge",
        "c → merge",
        "merge → end",
    ]


def test_clocks_order_the_members_of_a_group() -> None:
    drawn = graph(
        parallel(
            "all",
            do("a", starts=1, resolves=3),
            do("b", starts=1, resolves=2),
            do("c", starts=2, resolves=4),
            do("d", starts=3, resolves=4),
        )
    )
    assert arrows(drawn)[1:-1] == [
        "fork → a [1→3]",
        "fork → b [1→2]",
        "b [1→2] → c [2→4]",
        "a [1→3] → d [3→4]",
        "b [1→2] → d [3→4]",
        "d [3→4] → merge",
        "c [2→4] → merge",
    ]


def test_shared_predecessors_join_in_one_point() -> None:
    firsts = [do(name, starts=1, resolves=2) for name in "ab"]
    seconds = [do(name, starts=2, resolves=3) for name in "cd"]
    assert arrows(graph(parallel("all", *firsts, *seconds)))[3:7] == [
        "a [1→2] → n_0_gate2",
        "b [1→2] → n_0_gate2",
        "n_0_gate2 → c [2→3]",
        "n_0_gate2 → d [2→3]",
    ]


def test_a_group_does_not_wait_for_unawaited_members() -> None:
    drawn = graph(parallel("all", do("a", starts=1), do("b", starts=1, resolves=2)))
    assert arrows(drawn) == ["start → fork", "fork → a [1→]", "fork → b [1→2]", "b [1→2] → merge", "merge → end"]


def test_a_group_of_unawaited_members_ends_at_once() -> None:
    assert "fork → merge" in arrows(graph(parallel("all", do("a", starts=1))))


def test_each_member_may_end_a_race() -> None:
    drawn = graph(parallel("race", do("a", starts=1), do("b", starts=1)))
    assert arrows(drawn)[-3:-1] == ["a → merge", "b → merge"]


def test_clocks_reach_into_branches_and_loops_of_a_group() -> None:
    drawn = graph(
        parallel(
            "all",
            do("a", starts=1, resolves=4),
            either(branch("ready", do("b", starts=1, resolves=2))),
            loop(do("c", starts=2, resolves=3)),
        )
    )
    assert [arrow for arrow in arrows(drawn) if "fork" in arrow or "_head" in arrow] == [
        "start → fork",
        "fork → a [1→4]",
        "fork → ready",
        "n_0_1_join → n_0_2_head",
        "n_0_2_head → c [2→3]",
        "n_0_2_foot → n_0_2_head again",
    ]


def test_a_branch_in_a_group_follows_clocks_not_source_order() -> None:
    started = either(branch("x", do("a", starts=1, resolves=3), do("b", starts=1, resolves=2)))
    drawn = arrows(graph(parallel("all", do("t", starts=1, resolves=4), started)))
    assert drawn[3:6] == ["x → n_0_1_b0_in (yes)", "n_0_1_b0_in → a [1→3]", "n_0_1_b0_in → b [1→2]"]


def test_clocks_order_nodes_outside_of_groups() -> None:
    drawn = graph(do("a", starts=1, resolves=2), do("b", starts=1, resolves=2), do("c", starts=2, resolves=3))
    assert arrows(drawn) == [
        "start → a [1→2]",
        "start → b [1→2]",
        "a [1→2] → c [2→3]",
        "b [1→2] → c [2→3]",
        "c [2→3] → end",
    ]


def test_nested_steps_follow_their_step() -> None:
    assert arrows(graph(do("a", do("b")), do("c"))) == ["start → a", "a → b", "b → c", "c → end"]


def test_a_separate_function_has_its_own_start_and_end() -> None:
    drawn = graph(do("b"), functions={"f": function("f", do("a"), LEAVE)})
    assert arrows(drawn) == ["start → b", "b → end", "start → a", "a → return", "return → end leave"]


def test_a_start_is_drawn_with_the_functions_that_it_calls() -> None:
    start = unknown("start", call("f"), class_name="Orders", functions={"f": function("f", do("a"))})
    assert arrows(graph(start)) == ["start → a", "a → end"]


def test_an_unknown_node_is_a_box() -> None:
    assert arrows(graph(do("a"), unknown("teleport", do("b")), do("c"))) == [
        "start → a",
        "a → teleport",
        "teleport → b",
        "b → c",
        "c → end",
    ]


def test_unreachable_nodes_are_drawn() -> None:
    assert arrows(graph(LEAVE, do("a"))) == ["start → return", "a → end"]


def test_every_step_of_the_order_workflow_is_drawn_once() -> None:
    workflow = ORDERS["workflow"]
    bodies = [workflow["nodes"], *(body["nodes"] for body in workflow["functions"].values())]
    steps = [node["name"] for body in bodies for node in walk(body) if node["type"].startswith("step_")]  # type: ignore[typeddict-item]
    drawn = Counter(box.lines[0].partition(" [")[0] for box in boxes(flow_chart(ORDERS)) if box.lines)
    assert [drawn[step] for step in steps] == [1] * len(steps)


@pytest.mark.slow
def test_deep_nesting_exceeds_the_recursion_limit() -> None:
    assert len(boxes(flow_chart(deep(1000)))) == 2003


@pytest.mark.slow
@given(any_graph)
def test_every_identity_is_used_once(drawn: Graph) -> None:
    content = flow_chart(drawn).content
    used = Counter((type(item), item.id) for item in content if not isinstance(item, FrameEnd))
    assert [identity for identity, times in used.items() if times > 1] == []


@pytest.mark.slow
@given(any_graph)
@example(graph(protected(final=block(do("a", starts=1)))))
def test_every_arrow_leads_from_box_to_box_within_its_frames(drawn: Graph) -> None:
    chart = flow_chart(drawn)
    frames = _frames_around(chart)
    for arrow in chart.arrows:
        assert not arrow.tail_frame or arrow.tail_frame in frames[arrow.tail] - frames[arrow.head]
        assert not arrow.head_frame or arrow.head_frame in frames[arrow.head] - frames[arrow.tail]


def _frames_around(chart: Chart) -> dict[str, set[str]]:
    open_frames: list[str] = []
    frames: dict[str, set[str]] = {}
    for item in chart.content:
        if isinstance(item, FrameStart):
            open_frames.append(item.id)
        elif isinstance(item, Box):
            frames[item.id] = set(open_frames)
        else:
            open_frames.pop()
    assert open_frames == []
    return frames
