"""The lines of the text in pictures."""

from __future__ import annotations

import re

from stepgraph.model.payload import Graph
from stepgraph.render.svg.drawing import render_svg
from tests.render.graphs import branch, do, either, graph


def lines(drawn: Graph, css: str) -> list[str]:
    """Return the lines of text of a class in a picture."""
    return re.findall(rf'<tspan class="{css}"[^>]*>([^<]*)<', render_svg(drawn).text)


def test_the_lines_of_a_name_are_about_equally_long() -> None:
    assert lines(graph(do("until the day before it is due")), "name") == ["until the day", "before it is due"]


def test_conditions_that_would_be_cut_to_equal_text_show_their_difference() -> None:
    long = " and ".join(f"customer[{number}] is not None" for number in range(8))
    drawn = graph(either(*(branch(f"{long} and mode == {mode}", do("a")) for mode in (1, 2)), branch("short", do("b"))))
    assert lines(drawn, "code") == ["… and mode == 1", "… and mode == 2", "short"]
