from __future__ import annotations

import pytest

from stepgraph.model.payload import Graph, Node
from stepgraph.render.folding import UNFOLDED, Folding
from stepgraph.render.svg.drawing import render_svg
from stepgraph.render.svg.figures.legend import BADGE_ENTRIES, ENTRIES, page_legend
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
from tests.svg.examples import examples
from tests.svg.findings import finding

ALL_ENTRIES = page_legend(has_badges=False)
STEP = "a step that runs code"
END = "the workflow ends"


def legend_of(drawn: Graph, view: View) -> list[str]:
    """Return the meanings in the legend of a picture."""
    text = render_svg(drawn, view).text
    legend = text[text.index('<g class="legend">') :] if '<g class="legend">' in text else ""
    return [entry.meaning for entry in (*ENTRIES, *BADGE_ENTRIES) if f"<title>{entry.meaning}</title>" in legend]


@pytest.mark.parametrize(("room", "columns"), [(0, 1), (400, 1), (600, 2), (1000, 3), (5000, 3)])
def test_columns_fill_the_width_of_the_picture(room: int, columns: int) -> None:
    assert ALL_ENTRIES.widened(room).columns == columns


def test_columns_share_the_height() -> None:
    two = ALL_ENTRIES.widened(600)
    assert two.right_extent <= 600
    assert two.height < ALL_ENTRIES.height * 0.6


@pytest.mark.parametrize(
    ("node", "meanings"),
    [
        (do("a"), []),
        (loop(do("a")), ["a loop: repeats any number of times", "the line back to the start of a loop"]),
        (
            loop(either(branch("x", LEAVE_LOOP)), do("a")),
            [
                "a loop: repeats any number of times",
                "the line back to the start of a loop",
                "a choice: one of the branches",
                "an exit from a loop, function or workflow",
                "break: leaves the loop",
            ],
        ),
        (
            parallel("all", do("a"), do("b")),
            ["concurrent work, side by side", "nodes below a bar wait for all nodes above it"],
        ),
        (
            parallel("race", do("a"), do("b")),
            [
                "concurrent work, side by side",
                "nodes below a bar wait for all nodes above it",
                "a bar that is passed when one member is done",
            ],
        ),
        (
            protected(block(do("a")), catch=block(do("b"), LEAVE)),
            [
                "a part without steps, or the body of a try",
                "try: a failure jumps to the except block",
                "a failure continues along this line",
                "an exit from a loop, function or workflow",
                "return: leaves the function or the workflow",
            ],
        ),
    ],
)
def test_a_legend_has_the_symbols_of_its_picture(node: Node, meanings: list[str]) -> None:
    assert legend_of(graph(node), View(legend=True)) == [STEP, *meanings, END]


@pytest.mark.parametrize("folding", [UNFOLDED, Folding(1)])
def test_a_legend_explains_folded_boxes_if_there_are_any(folding: Folding) -> None:
    legend = legend_of(graph(loop(do("a"))), View(legend=True, folding=folding))
    assert ("several nodes, folded or drawn elsewhere" in legend) is (folding is not UNFOLDED)


def test_a_legend_explains_calls_of_separate_functions() -> None:
    twice = graph(call("pack"), call("pack"), functions={"pack": function("pack", do("a"))})
    assert "several nodes, folded or drawn elsewhere" in legend_of(twice, View(legend=True))


def test_a_legend_explains_the_badges_of_its_picture() -> None:
    step = do("a")
    view = View(legend=True, findings=[finding("note", step)], state="incomplete: 1 note")
    meanings = ["a note of the check", "unresolved code: steps may be missing"]
    assert legend_of(graph(step), view) == [STEP, END, *meanings]


@pytest.mark.slow
def test_each_entry_is_in_the_legend_of_an_example() -> None:
    drawn = {meaning for example in examples().values() for meaning in legend_of(example, View(legend=True))}
    assert {entry.meaning for entry in ENTRIES} - drawn == set()
