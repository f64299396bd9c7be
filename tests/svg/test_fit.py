"""A picture fits where it is shown: boxes are narrow, and parts are folded, until the names of steps are legible."""

import json
from collections.abc import Sequence
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from stepgraph.model.payload import Graph, Node
from stepgraph.model.walk import children, walk
from stepgraph.render.folding import BodyTexts, CallExpansion, Folding
from stepgraph.render.svg.drawing import fitted_view, render_svg
from stepgraph.render.svg.figures.branches import BranchColumn, Branches
from stepgraph.render.svg.figures.figure import Figure
from stepgraph.render.svg.figures.label import Label
from stepgraph.render.svg.figures.tiers import in_tiers
from stepgraph.render.svg.layout.fitting import containers_of, next_layout
from stepgraph.render.svg.layout.nodes import NodeLayout
from stepgraph.render.view import DEFAULT_VIEW, NodeContext, View
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
from tests.render.random_graphs import graphs
from tests.svg.examples import examples

GITHUB = View(fit=800)
LEGIBLE = 1040
"""The maximum width at which names of 13 pixels are 10 pixels high in a picture scaled to 800 pixels."""


def wide(label: str, branches: int = 5) -> Node:
    """Return a choice that is too wide even if its boxes are narrow."""
    inner = [branch(f"{label} == {index}", either(branch("x", do("a")), branch(None, do("b")))) for index in range(9)]
    return switch(label, *inner[:branches])


def folded(drawn: Graph, view: View = GITHUB) -> int:
    return render_svg(drawn, view).folded


@pytest.mark.parametrize("name", examples())
def test_the_names_of_examples_are_legible_on_github(name: str) -> None:
    assert render_svg(examples()[name], GITHUB).width <= LEGIBLE


def test_a_narrow_picture_is_drawn_as_without_a_width() -> None:
    drawn = graph(do("a"), either(branch("x", do("b"))))
    assert render_svg(drawn, GITHUB).text == render_svg(drawn).text


def test_text_is_wrapped_early_before_anything_is_folded() -> None:
    name = "a name that is as long as the names of most of the steps"
    drawn = graph(parallel("all", *(do(f"{name} {index}") for index in range(4))))
    shown = replace(GITHUB, fit=600)
    assert render_svg(drawn).width > render_svg(drawn, shown).width
    assert folded(drawn, shown) == 0


def test_text_is_wrapped_early_only_in_wide_pictures() -> None:
    name = "a name of medium length"
    drawn = graph(do(name), parallel("all", *(do(f"{name} {index}") for index in range(4))))
    text = render_svg(drawn, replace(GITHUB, fit=500)).text
    assert f">{name}<" in text
    assert f">{name} 0<" not in text


def test_a_group_that_fits_is_not_wrapped_early() -> None:
    name = "a name of medium length"
    drawn = graph(*(parallel("all", *(do(f"{name} {index}") for index in range(count))) for count in (2, 4)))
    text = render_svg(drawn, replace(GITHUB, fit=500)).text
    assert [text.count(f">{name} 0<"), text.count(f">{name} 3<")] == [1, 0]


def test_a_choice_that_is_too_wide_for_two_rows_is_in_tiers() -> None:
    drawn = graph(switch("kind", *(branch(f"{index}", do(f"step {index}")) for index in range(100))))
    picture = render_svg(drawn, GITHUB)
    assert (picture.folded, picture.width <= LEGIBLE) == (0, True)
    assert ">step 99<" in picture.text


@pytest.mark.parametrize("leave", [LEAVE, LEAVE_LOOP], ids=["return", "break"])
def test_a_wide_choice_with_exits_is_in_tiers(leave: Node) -> None:
    branches = [branch(f"{index}", do(f"step {index}"), *([leave] if index % 3 else [])) for index in range(12)]
    body = function("body", loop(switch("kind", *branches)))
    picture = render_svg(graph(call("body"), functions={"body": body}), GITHUB)
    assert (picture.folded, picture.width <= LEGIBLE) == (0, True)


def test_a_group_that_is_too_wide_for_two_rows_is_in_tiers() -> None:
    picture = render_svg(graph(parallel("all", *(do(f"step {index}") for index in range(40)))), GITHUB)
    assert (picture.folded, picture.width <= LEGIBLE) == (0, True)


def test_a_too_wide_item_is_not_tried_in_each_tier() -> None:
    """With 500 items, one of which is slightly too wide, trying each number of tiers would lay out 200,000 items."""
    narrow, broad = (BranchColumn(Label("", (), width, 20), None) for width in (40, 900))
    tried: list[int] = []

    def rows_of(items: Sequence[BranchColumn]) -> Figure:
        tried.append(len(items))
        return Branches(items)

    in_tiers([*[narrow] * 499, broad], rows_of, 930, "")
    assert sum(tried) < 5_000


def test_only_the_part_that_is_too_wide_is_folded() -> None:
    drawn = graph(do("first"), wide("kind", 9), either(branch("y", do("last"))))
    text = render_svg(drawn, View(fit=300)).text
    assert "18 steps" in text
    assert ">last<" in text


def test_a_part_is_not_folded_if_others_suffice() -> None:
    functions = {"f": function("f", wide("kind", 9)), "g": function("g", either(branch("x", do("kept"))))}
    text = render_svg(graph(parallel("all", call("f"), call("g")), functions=functions), View(fit=350)).text
    assert "18 steps" in text
    assert ">kept<" in text


def test_handlers_are_folded_before_the_main_path() -> None:
    handlers = switch("exception", *(branch(f"E{index}", do(f"undo {index}")) for index in range(20)))
    drawn = graph(protected(block(wide("kind", 3)), catch=block(handlers)))
    picture = render_svg(drawn, GITHUB)
    assert "20 steps" in picture.text
    assert picture.folded == 1


def test_inner_parts_are_folded_before_the_parts_around_them() -> None:
    text = render_svg(graph(loop(do("kept"), wide("kind", 9))), GITHUB).text
    assert ">kept<" in text
    assert ">kind == 8<" in text


@pytest.mark.slow
def test_inner_parts_of_large_graphs_are_folded_first() -> None:
    choice = [either(branch(f"x{index}", do("a")), branch(None, do("b"))) for index in range(1350)]
    groups = [parallel("all", *choice[index : index + 9]) for index in range(0, 1350, 9)]
    picture = render_svg(graph(*groups), View(fit=270))
    assert picture.folded > len(groups)


def test_a_folded_function_is_folded_at_all_its_calls() -> None:
    drawn = graph(call("f"), call("f"), functions={"f": function("f", wide("kind", 9))})
    picture = render_svg(drawn, View(fit=200))
    assert picture.text.count("18 steps") == 2


@pytest.mark.slow
def test_equal_graphs_have_equal_pictures() -> None:
    """The addresses of nodes do not decide which one of several nodes that cost as much is folded."""
    drawn, random = graph(parallel("all", loop(loop(wide("kind", 2))), wide("size", 3))), Random(3)  # noqa: S311
    copies = [_copy_in_any_order(drawn, random) for _ in range(20)]
    assert len({render_svg(copy, View(fit=500)).text for copy in copies}) == 1


def _copy_in_any_order(value: Any, random: Random) -> Any:  # noqa: ANN401 - any JSON
    """Return a copy whose parts are created in a random order."""
    if not isinstance(value, (dict, list)):
        return value
    keys = list(value) if isinstance(value, dict) else list(range(len(value)))
    copied = {key: _copy_in_any_order(value[key], random) for key in random.sample(keys, len(keys))}
    return {key: copied[key] for key in value} if isinstance(value, dict) else [copied[key] for key in keys]


def test_a_dominant_group_of_dependent_steps_is_not_folded() -> None:
    def group(count: int) -> Node:
        return parallel(
            "all", do("head", starts=1, resolves=2), *(do(f"{i}", starts=2, resolves=3) for i in range(count))
        )

    before = [do(f"before {index}") for index in range(12)]
    assert render_svg(graph(group(20)), GITHUB).folded == 0
    assert render_svg(graph(loop(*before, group(20))), GITHUB).folded == 0
    assert render_svg(graph(*before, group(10)), View(fit=300)).folded == 1


def test_a_message_says_how_to_draw_everything() -> None:
    (warning,) = render_svg(graph(wide("kind", 9)), View(fit=300)).warnings
    assert warning.endswith("Use `--fit none` to draw everything.")


def test_a_message_suggests_a_page_for_a_long_picture() -> None:
    (warning,) = render_svg(graph(*(do(f"step {index}") for index in range(250)))).warnings
    assert "Use `-f html` for a page" in warning


def test_a_message_says_if_names_stay_too_small() -> None:
    (warning,) = render_svg(graph(do("a"), class_name="Wide" * 30), View(fit=200)).warnings
    assert "pixels high if the picture is 200 pixels wide" in warning


@pytest.mark.slow
@settings(deadline=None, max_examples=40, suppress_health_check=list(HealthCheck))
@given(graphs(), st.data())
def test_reused_figures_are_those_of_a_new_layout(drawn: Graph, data: st.DataObject) -> None:
    workflow = json.loads(json.dumps(drawn))["workflow"]  # without objects at several places
    every = walk([*workflow["nodes"], *workflow["functions"].values()])
    nodes = [node for node in every if children(node)]
    assume(nodes)
    containers = containers_of(workflow["nodes"], workflow["functions"])
    layout = NodeLayout(CallExpansion(workflow["functions"]), BodyTexts(workflow["functions"]), DEFAULT_VIEW)
    for _ in range(4):
        folded = frozenset(map(id, data.draw(st.lists(st.sampled_from(nodes), max_size=3))))
        layout = next_layout(layout, View(Folding(nodes=folded)), containers)
        again = NodeLayout(CallExpansion(layout.functions), layout.body_texts, layout.view)
        sizes = [
            (figure.left_extent, figure.right_extent, figure.height)
            for figure in (each.stack(workflow["nodes"], NodeContext("x")) for each in (layout, again))
        ]
        assert sizes[0] == sizes[1]


@pytest.mark.slow
@settings(deadline=None, max_examples=25, suppress_health_check=list(HealthCheck))
@given(graphs())
def test_a_fitted_picture_is_that_of_its_view(drawn: Graph) -> None:
    picture = render_svg(drawn, View(fit=200))
    if picture.folded:
        assert picture.text == render_svg(drawn, fitted_view(drawn, DEFAULT_VIEW, 260)).text


@pytest.mark.slow
@settings(deadline=None, max_examples=25, suppress_health_check=list(HealthCheck))
@given(graphs())
def test_any_picture_gets_narrower_or_stays(drawn: Graph) -> None:
    shown = render_svg(drawn, View(fit=200))
    assert shown.width <= render_svg(drawn, DEFAULT_VIEW).width
    assert shown.text == render_svg(drawn, View(fit=200)).text
