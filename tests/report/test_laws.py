"""Properties of every format of a report."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stepgraph.cli.console import Look, encode
from stepgraph.cli.formats import REPORT_FORMATS, FormatOptions
from stepgraph.escaping.plain_text import visible
from stepgraph.report.report import Report
from tests.report.example import example
from tests.report.reports import HOSTILE, everywhere

Render = Callable[[Report], str]


def rendered(report: Report, name: str, width: int | None = None) -> str:
    return REPORT_FORMATS[name].write(report, FormatOptions(Look(width=width))).text


RENDERERS: dict[str, Render] = {
    **{name: partial(rendered, name=name) for name in REPORT_FORMATS},
    "terminal": partial(rendered, name="text", width=80),
}

every_format = pytest.mark.parametrize("render", RENDERERS.values(), ids=RENDERERS.keys())


@every_format
def test_output_is_deterministic(render: Render) -> None:
    assert render(example()) == render(example())


@every_format
def test_every_finding_is_reported_once(render: Render) -> None:
    for text in HOSTILE:
        output = render(everywhere(text, 12))
        assert [output.count(f"m{number}m") for number in range(12)] == [1] * 12, text


@every_format
@settings(deadline=None)
@given(text=st.text(alphabet=st.characters(codec=None), max_size=40))
def test_output_is_encodable_and_ends_with_newline(render: Render, text: str) -> None:
    output = render(everywhere(text))
    assert encode(output).decode("utf-8").endswith("\n")


@every_format
def test_output_has_no_control_characters(render: Render) -> None:
    lines = [line for text in HOSTILE for line in render(everywhere(text)).replace("\u200b", "").split("\n")]
    assert [line for line in lines if visible(line) != line] == []
