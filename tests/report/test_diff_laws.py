"""Properties of every format of a comparison."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stepgraph.cli.console import encode
from stepgraph.escaping.plain_text import visible
from stepgraph.report.diff.comparison import VersionComparison
from stepgraph.report.diff.json_report import render_json
from stepgraph.report.diff.markdown import render_markdown
from stepgraph.report.diff.svg import render_svg
from stepgraph.report.diff.text import render_text
from tests.report.comparisons import everything, everywhere
from tests.report.reports import HOSTILE

Render = Callable[[VersionComparison], str]

FORMATS: dict[str, Render] = {
    "text": render_text,
    "json": render_json,
    "markdown": render_markdown,
    "svg": lambda report: render_svg(report).text,
}

every_format = pytest.mark.parametrize("render", FORMATS.values(), ids=FORMATS.keys())


@pytest.mark.slow
@every_format
def test_output_is_deterministic(render: Render) -> None:
    assert render(everything()) == render(everything())


@every_format
@settings(deadline=None)
@given(text=st.text(alphabet=st.characters(codec=None), max_size=40))
def test_output_is_encodable_and_ends_with_newline(render: Render, text: str) -> None:
    assert encode(render(everywhere(text))).decode("utf-8").endswith("\n")


@pytest.mark.parametrize("name", ["text", "markdown", "svg"])
@pytest.mark.parametrize("text", HOSTILE)
def test_text_output_has_no_control_characters(name: str, text: str) -> None:
    output = FORMATS[name](everywhere(text)).replace("\u200b", "")
    assert all(visible(line) == line for line in output.split("\n"))
