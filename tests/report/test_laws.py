"""Properties of every format of a report."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stepgraph.cli.console import encode
from stepgraph.escaping.plain_text import visible
from stepgraph.report.annotations import render_github, render_gitlab
from stepgraph.report.json_report import render_json, render_json_lines
from stepgraph.report.junit import render_junit
from stepgraph.report.markdown import render_markdown
from stepgraph.report.report import Report
from stepgraph.report.sarif import render_sarif
from stepgraph.report.text import render_concise, render_text
from tests.report.example import example
from tests.report.reports import HOSTILE, everywhere

Render = Callable[[Report], str]

FORMATS: dict[str, Render] = {
    "text": render_text,
    "terminal": lambda report: render_text(report, width=80),
    "concise": render_concise,
    "json": render_json,
    "jsonl": render_json_lines,
    "junit": render_junit,
    "sarif": render_sarif,
    "github": render_github,
    "gitlab": render_gitlab,
    "markdown": render_markdown,
}

every_format = pytest.mark.parametrize("render", FORMATS.values(), ids=FORMATS.keys())


@every_format
def test_output_is_deterministic(render: Render) -> None:
    assert render(example()) == render(example())


@every_format
@pytest.mark.parametrize("text", HOSTILE)
def test_every_finding_is_reported_once(render: Render, text: str) -> None:
    output = render(everywhere(text, 12))
    assert [output.count(f"m{number}m") for number in range(12)] == [1] * 12


@every_format
@settings(deadline=None)
@given(text=st.text(alphabet=st.characters(codec=None), max_size=40))
def test_output_is_encodable_and_ends_with_newline(render: Render, text: str) -> None:
    output = render(everywhere(text))
    assert encode(output).decode("utf-8").endswith("\n")


@pytest.mark.parametrize("name", ["text", "terminal", "concise", "github", "markdown"])
@pytest.mark.parametrize("text", HOSTILE)
def test_text_output_has_no_control_characters(name: str, text: str) -> None:
    output = FORMATS[name](everywhere(text)).replace("\u200b", "")
    assert all(visible(line) == line for line in output.split("\n"))
