"""The targets of `break` and `return` in examples. `laws/exits.py` checks all pictures."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from stepgraph.model.details import NOT_CAUGHT, Detail, Details, details_of
from stepgraph.model.payload import Block, Graph, Node, ParallelKind
from stepgraph.render.folding import Folding
from stepgraph.render.view import DEFAULT_VIEW, View
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
from tests.svg.laws.all_laws import broken
from tests.svg.laws.boxes import bar_touches_a_figure
from tests.svg.laws.exits import failure_has_a_wrong_target
from tests.svg.laws.lines import (
    arrow_points_at_nothing,
    kind,
    line_end_is_unconnected,
    line_passes_a_bar_without_a_gap,
    lines_of_two_kinds_run_along_each_other,
    tip_of,
)
from tests.svg.laws.order import leads_on
from tests.svg.paths import END, FlowPaths
from tests.svg.picture import Picture, page_of, picture_of
from tests.svg.shapes import Point

PANELS = {"body", "catch", "finally"}


def tips(picture: Picture) -> list[Point]:
    """Return the tips of the arrows of exits, from top to bottom."""
    points = [
        tip for line in picture.lines if kind(line) == "out" for stroke in line.strokes if (tip := tip_of(stroke))
    ]
    return sorted(points, key=lambda tip: tip.y)


def below(picture: Picture, identity: str) -> float:
    """Return the distance from the bottom of a figure to the first arrow below it."""
    bottom = picture.figure(identity).box.bottom
    return min(tip.y - bottom for tip in tips(picture) if tip.y > bottom)


def bars(drawn: Graph) -> list[tuple[float, float, float]]:
    """Return the pieces of bars in the first group: the height, the left side and the right side of each."""
    group = picture_of(drawn).figure("orders--node.parallel")
    return sorted((bar.top - group.box.top, bar.left, bar.right) for bar in group.bars)


def test_code_after_a_jump_is_on_the_spine_below_its_guard() -> None:
    skip = branch("x")
    drawn = graph(loop(do("a"), either(skip, branch(None, do("b")))))
    details = Details([(skip, Detail(final_jump="continue"))])
    for picture in (picture_of(drawn, View(details=details)), page_of(drawn, view=View(details=details))):
        first, guard, last = (picture.figure(f"orders--node.loop--{name}") for name in ("a", "node.if", "node.if.2--b"))
        assert "guard" in guard.css
        assert first.box.bottom < guard.box.top < guard.box.bottom < last.box.top
        assert len({figure.box.left + figure.box.right for figure in (first, guard, last)}) == 1


def test_code_after_steps_and_a_jump_is_on_the_spine() -> None:
    skip = branch("x", do("b"))
    drawn = graph(loop(do("a"), either(skip, branch(None, do("c")))))
    details = Details([(skip, Detail(final_jump="continue"))])
    for picture in (picture_of(drawn, View(details=details)), page_of(drawn, view=View(details=details))):
        names = ("a", "node.if", "node.if.1--b", "node.if.2--c")
        first, frame, inner, last = (picture.figure(f"orders--node.loop--{name}") for name in names)
        assert frame.box.top < inner.box.top < inner.box.bottom < frame.box.bottom < last.box.top
        assert first.box.left + first.box.right == last.box.left + last.box.right < inner.box.left + inner.box.right


def test_infinite_loop_that_always_exits_has_no_line_back() -> None:
    skip = branch("x", do("a"))
    endless = loop(either(skip, branch(None, LEAVE_LOOP)))
    details = Details([(endless, Detail("while True")), (skip, Detail(final_jump="continue"))])
    picture = picture_of(graph(endless, do("b")), View(details=details))
    frame = picture.figure("orders--node.loop")
    assert [line for line in frame.lines if kind(line) == "again"] == []


def test_only_the_steps_before_a_jump_are_folded() -> None:
    skip = branch("x", do("b"), do("c"))
    drawn = graph(loop(either(skip, branch(None, do("d")))))
    details = Details([(skip, Detail(final_jump="continue"))])
    picture = picture_of(drawn, View(Folding(kinds=("if",)), details=details))
    assert "2 steps" in picture.text
    assert [name for name in "bcd" if f">{name}<" in picture.text] == ["d"]


def broken_by_failures(picture: Picture) -> list[str]:
    return [*arrow_points_at_nothing(picture), *failure_has_a_wrong_target(picture)]


def broken_by_bars(picture: Picture) -> list[str]:
    return [
        *line_end_is_unconnected(picture),
        *line_passes_a_bar_without_a_gap(picture),
        *lines_of_two_kinds_run_along_each_other(picture),
    ]


def test_the_line_of_an_exit_does_not_cross_the_other_branch() -> None:
    picture = picture_of(graph(loop(either(branch("x", do("a"), LEAVE_LOOP), branch(None, do("b"))))))
    taken, other = (picture.figure(f"orders--node.loop--node.if.{name}").box for name in ("1--a", "2--b"))
    assert other.right < taken.left


def test_branches_that_continue_keep_their_order() -> None:
    picture = picture_of(graph(either(branch("x", do("a")), branch(None, do("b"), LEAVE))))
    taken, other = (picture.figure(f"orders--node.if.{name}").box for name in ("1--a", "2--b"))
    assert taken.right < other.left


def test_a_break_ends_just_below_its_loop() -> None:
    picture = picture_of(graph(loop(loop(do("a"), either(branch("x", LEAVE_LOOP))), do("b")), do("c")))
    assert below(picture, "orders--node.loop--node.loop") == 12


def test_a_return_of_the_workflow_ends_beside_its_pill() -> None:
    picture = picture_of(graph(loop(do("a"), either(branch("x", LEAVE))), do("b")))
    (pill,) = (figure for figure in picture.figures if "exit" in figure.css)
    ring, dot = pill.marks
    assert (ring.left - pill.box.right, ring.right - ring.left, dot.right - dot.left) == (14, 14, 8)
    assert tips(picture) == []


def test_a_raise_out_of_a_loop_leads_to_its_handler() -> None:
    leave: Node = {"type": "break", "kind": "break"}
    drawn = graph(protected(block(loop(do("a"), either(branch("x", leave)))), catch=block(do("b"))))
    picture = picture_of(drawn, View(details=Details([(leave, Detail("raise ValueError()"))])))
    pill = picture.figure("orders--node.try.body--node.loop--node.if.1--exit.break")
    assert "raise" in pill.css
    assert broken_by_failures(picture) == []
    assert sum('class="failure"' in line for line in picture.text.splitlines()) == 2


def test_a_raise_ends_in_a_cross() -> None:
    drawn = graph(call("f"), functions={"f": function("f", either(branch("x", LEAVE)), do("a"))})
    details = details_of(drawn, lambda part: Detail("raise ValueError()" if part.get("type") == "break" else ""))
    picture = picture_of(drawn, View(details=details))
    (pill,) = (figure for figure in picture.figures if "exit" in figure.css)
    assert (pill.title, "raise" in pill.css, len(pill.marks)) == ("raise ValueError()", True, 1)
    assert tips(picture) == []


def test_a_raise_in_a_step_leads_to_the_handlers_around_the_step() -> None:
    handler = block(do("c"))
    drawn = graph(protected(block(do("a", do("b"), either(branch("x", LEAVE)))), catch=handler))
    details = Details([(LEAVE, Detail("raise ValueError()", (NOT_CAUGHT,))), (handler, Detail("except ValueError"))])
    (pill,) = (figure for figure in picture_of(drawn, View(details=details)).figures if "exit" in figure.css)
    assert [text.text for text in pill.texts if text.css == "detail"] == ["to except ValueError"]
    assert pill.marks == []


@pytest.mark.parametrize(("kind_of_group", "texts", "marks"), [("all", [], 1), ("all_settled", ["to gather"], 0)])
def test_a_raise_in_a_group_that_keeps_failures_has_no_cross(
    kind_of_group: ParallelKind, texts: list[str], marks: int
) -> None:
    group = parallel(kind_of_group, call("f"), do("b"))
    drawn = graph(group, functions={"f": function("f", either(branch("x", LEAVE)), do("a"))})
    details = Details([(LEAVE, Detail("raise ValueError()")), (group, Detail("gather"))])
    picture = picture_of(drawn, View(details=details))
    (pill,) = (figure for figure in picture.figures if "exit" in figure.css)
    assert [text.text for text in pill.texts if text.css == "detail"] == texts
    assert len(pill.marks) == marks


def test_raise_in_a_group_that_keeps_failures_skips_finally() -> None:
    settled = parallel("all_settled", block(either(branch("x", LEAVE)), do("a")), do("b"))
    drawn = graph(protected(block(settled), final=block(do("c"))))
    picture = picture_of(drawn, View(details=Details([(LEAVE, Detail("raise ValueError()"))])))
    assert tips(picture) == []


def test_a_return_in_a_group_leads_to_the_end_of_the_workflow() -> None:
    picture = picture_of(graph(parallel("all", either(branch("x", LEAVE)), do("a")), do("b")))
    end = picture.whole.marks[1]
    assert tips(picture) == [Point(end.right + 1, (end.top + end.bottom) / 2)]


def test_a_workflow_that_always_returns_early_has_no_other_end() -> None:
    picture = picture_of(graph(either(branch("x", LEAVE), branch(None, do("a"), LEAVE))))
    assert len(picture.whole.marks) == 1


def test_a_return_of_a_function_ends_just_below_it() -> None:
    picture = picture_of(graph(call("f"), do("b"), functions={"f": function("f", either(branch("x", LEAVE)))}))
    assert below(picture, "orders--call.f") == 12


def test_a_break_does_not_leave_the_loop_of_the_caller() -> None:
    picture = picture_of(graph(loop(call("f")), functions={"f": function("f", either(branch("x", LEAVE_LOOP)))}))
    assert below(picture, "orders--node.loop--call.f") == 12
    assert len(tips(picture)) == 1


def test_returns_of_a_separate_function_lead_to_its_end() -> None:
    picture = picture_of(graph(do("a"), functions={"f": function("f", either(branch("x", LEAVE)))}))
    assert below(picture, "orders--function.f") == 12
    assert len(picture.whole.marks) == 5  # a beginning, and two ends of two circles each


def picture_with_else(body: Block, otherwise: Node, handler: Block | None = None) -> Picture:
    """Draw a `try` with a handler, in which the node `otherwise` is the `else`."""
    whole = block(*body["nodes"], otherwise)
    drawn = graph(protected(whole, catch=handler or block(do("c"))))
    parts = {id(whole), id(otherwise)}
    return picture_of(drawn, View(details=details_of(drawn, lambda part: Detail(in_else=id(part) in parts))))


def test_an_else_is_below_the_protected_panel() -> None:
    picture = picture_with_else(block(do("a")), do("b"))
    assert picture.figure("orders--node.try.else--b").box.top > picture.figure("orders--node.try.body").box.bottom
    assert broken_by_failures(picture) == []


@pytest.mark.parametrize("protected_nodes", [(), (do("a"),)])
def test_the_jump_at_the_end_of_an_else_is_only_in_the_else(protected_nodes: Sequence[Node]) -> None:
    otherwise = do("b")
    whole = block(*protected_nodes, otherwise)
    details = Details([(whole, Detail(in_else=True, final_raise="raise")), (otherwise, Detail(in_else=True))])
    picture = picture_of(graph(protected(whole, catch=block(do("c")))), View(details=details))
    (jump,) = [figure for figure in picture.figures if figure.title == "raise"]
    assert jump.box.top > picture.figure("orders--node.try.else--b").box.bottom


def test_the_arrow_past_an_else_is_beside_it() -> None:
    """It does not lead around a wide handler."""
    picture = picture_with_else(
        block(do("a")), do("b"), block(parallel("all", *(do(letter * 20) for letter in "wxyz")))
    )
    arrows = [tip for line in picture.lines if kind(line) == "failure" for tip in map(tip_of, line.strokes) if tip]
    assert [tip.x for tip in arrows] == [picture.figure("orders--node.try.else").box.right + 18]
    assert broken_by_failures(picture) == []


def test_the_failure_of_a_wide_body_passes_its_else() -> None:
    wide = parallel("all", *(do(letter * 20) for letter in "wxyz"))
    picture = picture_with_else(block(wide), do("b"))
    panels = [picture.figure(f"orders--node.try.{css}").box for css in ("body", "else", "catch")]
    assert panels == sorted(panels, key=lambda box: box.top)
    assert broken_by_failures(picture) == []


def test_an_exit_leads_through_finally() -> None:
    picture = picture_of(graph(protected(block(do("a"), LEAVE), final=block(do("b")))))
    final = picture.figure("orders--node.try.finally--b").parent
    assert final is not None
    (into,) = tips(picture)
    assert (into.x, final.box.top < into.y < final.box.bottom) == (final.box.right + 1, True)
    pills = [figure for figure in picture.figures if figure.title.endswith(", after finally")]
    assert [(pill.title, pill.box.top > final.box.bottom, len(pill.marks)) for pill in pills] == [
        ("raise, after finally", True, 1),
        ("return, after finally", True, 2),
    ]


@pytest.mark.slow
def test_an_exit_into_finally_avoids_its_corner() -> None:
    for letters in range(60):
        picture = picture_of(graph(protected(block(either(branch("x", LEAVE))), final=block(do("w" * letters)))))
        final = next(panel.box for panel in picture.figure("orders--node.try").inner if "finally" in panel.css)
        into = tips(picture)[0]
        at_side = into.x == final.right + 1 and into.y > final.top + 8
        on_top = into.y == final.top - 1 and into.x < final.right - 8
        assert at_side or on_top


@pytest.mark.slow
def test_a_failure_into_finally_avoids_its_corner() -> None:
    for letters in range(60):
        picture = picture_of(graph(protected(block(do("a")), final=block(do("w" * letters)))))
        assert broken_by_failures(picture) == []


def test_a_failure_into_finally_crosses_no_exit() -> None:
    picture = picture_of(graph(protected(block(do("a long name of a step"), LEAVE), final=block(do("b")))))
    (failure,) = (tip for line in picture.lines if kind(line) == "failure" for tip in map(tip_of, line.strokes) if tip)
    into = tips(picture)[0]
    assert (into.x, into.y - failure.y) == (failure.x, 11)


@pytest.mark.parametrize("catch", [None, block(LEAVE)])
def test_finally_follows_its_try_as_any_figure(catch: Block | None) -> None:
    picture = picture_of(graph(protected(block(do("a"), do("b")), catch=catch, final=block(do("c")))))
    *panels, final = (panel.box for panel in picture.figure("orders--node.try").inner if panel.css & PANELS)
    first, second = (picture.figure(f"orders--node.try.body--{name}").box for name in "ab")
    assert final.top - max(panel.bottom for panel in panels) == second.top - first.bottom


def test_a_try_ends_close_below_the_panel_of_an_exit() -> None:
    picture = picture_of(graph(protected(block(do("a")), catch=block(do("b"), LEAVE))))
    catch = picture.figure("orders--node.try.catch").box
    assert picture.figure("orders--node.try").box.bottom - catch.bottom == 14


def test_arrow_heads_into_finally_are_filled() -> None:
    wide = block(either(*(branch(condition, do("w" * 40)) for condition in ("x", "y", "z", None))))
    picture = picture_of(graph(protected(block(LEAVE), catch=block(do("c")), final=wide)))
    final = next(panel.box for panel in picture.figure("orders--node.try").inner if "finally" in panel.css)
    onto = [
        line.css for line in picture.lines if any(tip_of(s) and s.points[1].y == final.top - 1 for s in line.strokes)
    ]
    assert onto == ["out filled"]


def test_each_exit_continues_after_finally() -> None:
    body = block(either(branch("x", LEAVE), branch("y", LEAVE_LOOP)))
    picture = picture_of(graph(loop(protected(body, final=block(do("b"))))))
    pills = [figure.title for figure in picture.figure("orders--node.loop--node.try").inner if "exit" in figure.css]
    assert pills == ["raise, after finally", "return, after finally", "break, after finally"]


def test_a_reraised_error_continues_after_finally() -> None:
    handler = block(do("b"))
    drawn = graph(protected(block(do("a")), catch=handler, final=block(do("c"))))
    picture = picture_of(drawn, View(details=Details([(handler, Detail(final_raise="raise"))])))
    assert [figure.title for figure in picture.figures if "raise" in figure.css] == ["raise", "raise, after finally"]


def test_no_exit_continues_after_a_finally_that_exits() -> None:
    picture = picture_of(graph(loop(protected(block(LEAVE_LOOP), final=block(LEAVE)))))
    assert [f.title for f in picture.figures if "exit" in f.css] == ["break", "return"]


def test_exits_of_folded_nodes_lead_to_the_same_targets() -> None:
    body = loop(either(branch("x", LEAVE_LOOP), branch("y", LEAVE)), do("a"))
    picture = picture_of(graph(call("f"), functions={"f": function("f", body)}), View(Folding(kinds=("if",))))
    loop_end, function_end = tips(picture)
    assert loop_end.y - picture.figure("orders--call.f--node.loop").box.bottom == 12
    assert function_end.y - picture.figure("orders--call.f").box.bottom == 12


def test_breaks_of_concurrent_iterations_end_below_the_frame() -> None:
    picture = picture_of(graph(parallel("all", loop(do("a"), either(branch("x", LEAVE_LOOP)))), do("b")))
    assert below(picture, "orders--node.parallel") == 12


def test_concurrent_iterations_go_on_even_if_all_return() -> None:
    picture = picture_of(graph(parallel("all", loop(LEAVE)), do("b")))
    assert leads_on(picture.figure("orders--node.parallel"))


def test_concurrent_iterations_are_folded_as_loops() -> None:
    picture = picture_of(graph(parallel("all", loop(do("a"), LEAVE))), View(Folding(kinds=("loop",))))
    assert picture.figure("orders--node.parallel").css == {"folded", "parallel"}


def test_unawaited_work_ends_above_the_next_bar() -> None:
    drawn = graph(
        parallel(
            "all",
            do("a", starts=1, resolves=2),
            do("left", do("inner"), do("inner"), starts=1),
            do("b", starts=1, resolves=2),
            do("c", starts=2, resolves=3),
            do("d", starts=2, resolves=3),
        )
    )
    (loose_end,) = picture_of(drawn).figure("orders--node.parallel").loose_ends
    top = picture_of(drawn).figure("orders--node.parallel").box.top
    pieces = [bar for bar in bars(drawn)[1:] if bar[0] + top > loose_end.bottom]
    assert [pieces[0][1] < loose_end.left, pieces[0][2] > loose_end.right, pieces[0][0] + top - loose_end.bottom] == [
        True,
        True,
        4,
    ]


@pytest.mark.parametrize("in_handler", [True, False])
def test_errors_of_a_handler_continue_after_both_finally_blocks(in_handler: bool) -> None:  # noqa: FBT001
    inner, step = protected(block(do("a")), final=block(do("b"))), do("c")
    body, handler = (block(step), block(inner)) if in_handler else (block(inner), block(step))
    drawn = graph(protected(body, catch=handler, final=block(do("d"))))
    picture = picture_of(drawn)
    pills = [figure for figure in picture.figures if figure.title == "raise, after finally"]
    assert len(pills) == (2 if in_handler else 1)
    assert broken(drawn, picture, DEFAULT_VIEW) == {}


def test_a_line_passes_work_that_may_outlast_its_group() -> None:
    frame = picture_of(graph(parallel("all", do("a", starts=1), do("b", starts=1)))).figure("orders--node.parallel")
    first = min((stroke for line in frame.lines for stroke in line.strokes), key=lambda stroke: stroke.begin.y)
    assert END in FlowPaths(frame).reached_from([first])


@pytest.mark.parametrize(
    ("kind", "members", "text"),
    [
        ("all", [do("a", starts=1, resolves=2), do("b", starts=1, resolves=2)], "until all are done"),
        ("all", [do("a", starts=1), do("b", starts=1, resolves=2)], "until all awaited tasks are done"),
        ("all", [do("a", starts=1), do("b", starts=1)], "never awaited"),
        ("race", [do("a", starts=1), do("b", starts=1)], "until one ends"),
    ],
)
def test_a_group_names_the_work_that_ends_it(kind: ParallelKind, members: list[Node], text: str) -> None:
    assert f">{text}</tspan>" in picture_of(graph(parallel(kind, *members))).text


@pytest.mark.slow
def test_the_common_spine_avoids_lanes_between_columns() -> None:
    """Otherwise, a bar has a gap where the line out of it begins, or an exit runs along that line."""
    for letters in range(24):
        picture = picture_of(graph(parallel("all", either(branch("x", LEAVE)), do("w" * letters))))
        assert broken_by_bars(picture) == []


def test_a_bar_has_a_gap_for_figures_beside_it_after_folding() -> None:
    drawn = graph(
        parallel(
            "all",
            do("folded", do("inner"), do("inner"), do("inner"), starts=1, resolves=2),
            do("passing", do("inner"), starts=1, resolves=3),
            do("b", starts=1, resolves=2),
            do("c", starts=2),
            do("d", starts=2),
        )
    )
    page = page_of(drawn, {"orders--node.parallel--folded": ()})
    assert list(bar_touches_a_figure(page)) == []


def test_a_group_with_an_exit_has_a_bar_at_the_end() -> None:
    picture = picture_of(graph(parallel("all", do("a"), do("b"), LEAVE)))
    first, last = picture.figure("orders--node.parallel").bars
    b = picture.figure("orders--node.parallel--b").box
    assert (last.left, last.right) == (first.left, (b.left + b.right) / 2 + 12)


def test_a_gap_is_as_wide_as_the_figure_that_passes() -> None:
    tall = do("tall", do("inner"), do("inner"), starts=1, resolves=3)
    drawn = graph(
        parallel(
            "all",
            do("a", starts=1, resolves=2),
            tall,
            do("b", starts=1, resolves=2),
            do("c", starts=2),
            do("d", starts=2),
        )
    )
    passing = picture_of(drawn).figure("orders--node.parallel--tall").box
    (top, _, end), (same, begin, _) = bars(drawn)[1:3]
    assert (same, end, begin) == (top, passing.left - 7, passing.right + 7)


def test_no_arrow_leads_from_an_exit_to_the_next_member() -> None:
    picture = picture_of(graph(parallel("all", LEAVE, LEAVE, do("a", starts=1, resolves=2))))
    exits = [figure for figure in picture.figures if "exit" in figure.css]
    assert [leads_on(figure) for figure in exits] == [False, False]


def test_a_recursive_call_shows_the_key_of_the_function() -> None:
    drawn = graph(call("key"), functions={"key": function("name", do("a"), call("key"))})
    picture = picture_of(drawn, View(expand="all"))
    assert [figure.title for figure in picture.figures if "call" in figure.css] == ["key · function, calls itself"]


def test_a_bar_has_a_gap_only_for_the_exit_of_finished_work() -> None:
    tall = do("tall", do("inner"), do("inner"), do("inner"), starts=1, resolves=2)
    leaves = block(do("leaves"), LEAVE)
    drawn = graph(parallel("all", tall, leaves, do("b", starts=2, resolves=3), do("c", starts=2)))
    (_, (middle, *_), *_) = bars(drawn)
    assert [(left, right) for top, left, right in bars(drawn) if top == middle] == [(100, 341), (355, 446)]


def test_branches_that_all_exit_do_not_join() -> None:
    frame = picture_of(graph(either(branch("x", LEAVE), branch(None, LEAVE)))).figure("orders--node.if")
    strokes = [stroke for line in frame.lines if kind(line) != "out" for stroke in line.strokes]
    assert max(point.y for stroke in strokes for point in stroke.points) < frame.box.bottom
