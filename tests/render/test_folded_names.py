"""Folded nodes have descriptive titles, and show the names of as many steps as fit."""

import pytest

from stepgraph.model.details import Detail, Details
from stepgraph.model.payload import Node
from stepgraph.render.folding import folded_title, names_inside, names_within
from stepgraph.render.svg.drawing import render_svg
from tests.render.graphs import block, branch, call, do, either, graph, loop, parallel, protected
from tests.render.test_folding import folded

STEPS = ["reserve", "charge", "ship", "notify"]


@pytest.mark.parametrize(
    ("cells", "text"),
    [
        (29, "reserve, charge, ship, notify"),
        (28, "reserve, charge, ship +1"),
        (23, "reserve, charge +2"),
        (3, "reserve +3"),
    ],
)
def test_names_are_shown_as_far_as_they_fit(cells: int, text: str) -> None:
    assert names_within(STEPS, cells) == text


def test_a_repeated_name_is_shown_once() -> None:
    assert names_within(["a", "b", "a", "cc"], 7) == "a, b +1"


def test_calls_are_named_like_steps() -> None:
    assert names_inside(loop(do("a"), either(branch("x", call("f"))))) == ["a", "f"]


CATCH = block(do("undo"))
GROUP = parallel("all", do("a"), do("b"))
DETAILS = Details([(CATCH, Detail("except CardError as error")), (GROUP, Detail("gather"))])


@pytest.mark.parametrize(
    ("node", "title"),
    [
        (protected(block(do("a")), catch=CATCH), "try … except CardError as error"),
        (protected(block(do("a")), catch=block()), "try … catch"),
        (protected(block(do("a")), final=block(do("b"))), "try … finally"),
        (either(branch("x", do("a")), branch(None, do("b"))), "if x … else"),
        (either(branch("x" * 50, do("a")), branch(None, do("b"))), f"if {'x' * 37} … else"),
        (either(branch("x", do("a")), branch("y", do("b"))), "if x … elif"),
        (either(branch("x", do("a"))), "if x …"),
        (GROUP, "gather"),
        (parallel("race", do("a")), "parallel race"),
    ],
)
def test_a_title_says_which_parts_are_folded(node: Node, title: str) -> None:
    assert folded_title(node, DETAILS) == title


def test_the_title_of_a_box_has_all_names() -> None:
    text = render_svg(graph(loop(*map(do, [f"a long name {index}" for index in range(9)]))), folded(1)).text
    assert "<title>loop · 9 steps · a long name 0, a long name 1, " in text
    assert "a long name 8</title>" in text
    assert " +7</tspan>" in text


def test_names_are_not_markup() -> None:
    assert "<b>" not in render_svg(graph(loop(do("<b>"))), folded(1)).text
