"""What holds for every format of a diff."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stepgraph.cli.console import encode
from stepgraph.escaping.visible import visible
from stepgraph.report.difference.json_report import render_json
from stepgraph.report.difference.markdown import render_markdown
from stepgraph.report.difference.report import DiffReport
from stepgraph.report.difference.svg import render_svg
from stepgraph.report.difference.text import render_text
from tests.report.differences import everything, everywhere
from tests.report.reports import HOSTILE

Render = Callable[[DiffReport], str]

FORMATS: dict[str, Render] = {
    "text": render_text,
    "json": render_json,
    "markdown": render_markdown,
    "svg": lambda report: render_svg(report).text,
}

every_format = pytest.mark.parametrize("render", FORMATS.values(), ids=FORMATS.keys())


@every_format
def test_the_same_diff_gives_the_same_bytes(render: Render) -> None:
    assert render(everything()) == render(everything())


@every_format
@settings(deadline=None)
@given(text=st.text(alphabet=st.characters(codec=None), max_size=40))
def test_every_output_can_be_written_and_ends_in_a_line_break(render: Render, text: str) -> None:
    assert encode(render(everywhere(text))).decode("utf-8").endswith("\n")


@pytest.mark.parametrize("name", ["text", "markdown", "svg"])
@pytest.mark.parametrize("text", HOSTILE)
def test_nothing_for_people_steers_a_terminal(name: str, text: str) -> None:
    told = FORMATS[name](everywhere(text)).replace("\u200b", "")
    assert all(visible(line) == line for line in told.split("\n"))
