"""The lines of the text in pictures."""

from __future__ import annotations

import re

from stepgraph.model.details import Detail, Details
from stepgraph.model.payload import Graph
from stepgraph.render.svg.drawing import render_svg
from stepgraph.render.view import View
from tests.render.graphs import branch, call, do, either, function, graph


def lines(drawn: Graph, css: str) -> list[str]:
    """Return the lines of text of a class in a picture."""
    return re.findall(rf'<tspan class="{css}"[^>]*>([^<]*)<', render_svg(drawn).text)


def test_the_lines_of_a_name_are_about_equally_long() -> None:
    assert lines(graph(do("until the day before it is due")), "name") == ["until the day", "before it is due"]


def test_long_conditions_show_their_difference() -> None:
    long = " and ".join(f"customer[{number}] is not None" for number in range(8))
    drawn = graph(either(*(branch(f"{long} and mode == {mode}", do("a")) for mode in (1, 2)), branch("short", do("b"))))
    assert lines(drawn, "code") == ["… and mode == 1", "… and mode == 2", "short"]


def test_the_titles_of_calls_have_their_arguments() -> None:
    first, second = call("send"), call("send")
    details = Details([(first, Detail("(email)")), (second, Detail("(sms)"))])
    drawn = graph(first, second, functions={"send": function("send", do("a"))})
    titles = re.findall("<title>(send[^<]*)<", render_svg(drawn, View(details=details)).text)
    assert titles == ["send(email) · function", "send(sms) · function, drawn at its first call"]
