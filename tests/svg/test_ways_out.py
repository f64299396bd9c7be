"""Where breaks and returns lead, example by example; `laws/exits.py` says it of all pictures."""

from __future__ import annotations

from stepgraph.model.payload import Graph
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
)
from tests.svg.laws.lines import kind, tip_of
from tests.svg.laws.order import leads_on
from tests.svg.picture import Picture, picture_of
from tests.svg.shapes import Point


def tips(picture: Picture) -> list[Point]:
    """Return where the arrows of ways out point to, from top to bottom."""
    found = [tip for line in picture.lines if kind(line) == "out" for stroke in line.strokes if (tip := tip_of(stroke))]
    return sorted(found, key=lambda tip: tip.y)


def below(picture: Picture, identity: str) -> float:
    """Return how far below a figure the first arrow is that is below it."""
    bottom = picture.figure(identity).box.bottom
    return min(tip.y - bottom for tip in tips(picture) if tip.y > bottom)


def bars(drawn: Graph) -> list[tuple[float, float, float]]:
    """Return the pieces of bars in the first group: how far down, from where to where."""
    group = picture_of(drawn).figure("orders--node.parallel")
    return sorted((bar.top - group.box.top, bar.left, bar.right) for bar in group.bars)


def test_a_break_ends_just_below_its_loop() -> None:
    picture = picture_of(graph(loop(loop(do("a"), either(branch("x", LEAVE_LOOP))), do("b")), do("c")))
    assert below(picture, "orders--node.loop--node.loop") == 12


def test_a_return_ends_at_the_end_of_the_workflow() -> None:
    picture = picture_of(graph(loop(do("a"), either(branch("x", LEAVE))), do("b")))
    end = picture.whole.marks[1]
    assert tips(picture) == [Point(end.right + 1, (end.top + end.bottom) / 2)]


def test_a_return_of_a_function_ends_just_below_it() -> None:
    picture = picture_of(graph(call("f"), do("b"), functions={"f": function("f", either(branch("x", LEAVE)))}))
    assert below(picture, "orders--call.f") == 12


def test_a_break_without_a_loop_in_its_function_does_not_leave_that_of_the_caller() -> None:
    picture = picture_of(graph(loop(call("f")), functions={"f": function("f", either(branch("x", LEAVE_LOOP)))}))
    assert below(picture, "orders--node.loop--call.f") == 12
    assert len(tips(picture)) == 1


def test_the_returns_of_a_function_that_stands_by_itself_lead_to_an_end_of_its_own() -> None:
    picture = picture_of(graph(do("a"), functions={"f": function("f", either(branch("x", LEAVE)))}))
    assert below(picture, "orders--function.f") == 12
    assert len(picture.whole.marks) == 5  # a beginning, and two ends of two circles each


def test_a_way_out_leads_through_finally() -> None:
    picture = picture_of(graph(protected(block(do("a"), LEAVE), final=block(do("b")))))
    final = picture.figure("orders--node.try.finally--b").parent
    assert final is not None
    into, out_of = tips(picture)
    assert (into.x, final.box.top < into.y < final.box.bottom) == (final.box.right + 1, True)
    assert out_of.y > final.box.bottom


def test_a_way_into_a_finally_of_about_the_same_width_does_not_point_at_its_corner() -> None:
    for letters in range(60):
        picture = picture_of(graph(protected(block(either(branch("x", LEAVE))), final=block(do("w" * letters)))))
        final = picture.figure("orders--node.try").inner[-1].box
        into = tips(picture)[0]
        at_side = into.x == final.right + 1 and into.y > final.top + 8
        on_top = into.y == final.top - 1 and into.x < final.right - 8
        assert at_side or on_top


def test_a_group_that_is_left_early_has_a_bar_where_its_other_work_ends() -> None:
    picture = picture_of(graph(parallel("all", do("a"), do("b"), LEAVE)))
    first, last = picture.figure("orders--node.parallel").bars
    b = picture.figure("orders--node.parallel--b").box
    assert (last.left, last.right) == (first.left, (b.left + b.right) / 2 + 12)


def test_a_bar_has_a_gap_as_wide_as_a_figure_that_passes_it() -> None:
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


def test_no_arrow_leads_from_an_exit_to_the_next_member_of_a_group() -> None:
    picture = picture_of(graph(parallel("all", LEAVE, LEAVE, do("a", starts=1, resolves=2))))
    exits = [figure for figure in picture.figures if "exit" in figure.css]
    assert [leads_on(figure) for figure in exits] == [False, False]


def test_a_function_that_calls_itself_is_known_by_its_key() -> None:
    drawn = graph(call("key"), functions={"key": function("name", do("a"), call("key"))})
    picture = picture_of(drawn, View(expand="all"))
    assert [figure.title for figure in picture.figures if "call" in figure.css] == ["key · function, calls itself"]
