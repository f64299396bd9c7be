"""Properties of every format of a comparison."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, partial

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stepgraph.cli.console import encode
from stepgraph.cli.formats import FormatOptions
from stepgraph.escaping.plain_text import visible
from stepgraph.report.diff.comparison import VersionComparison
from tests.effort import only_in_long_runs
from tests.report.comparisons import everything, everywhere
from tests.report.reports import HOSTILE
from tests.text_formats import TEXT_DIFFS

Render = Callable[[VersionComparison], str]


def rendered(report: VersionComparison, name: str) -> str:
    return TEXT_DIFFS[name].write(report, FormatOptions()).text


RENDERERS: list[Render] = [partial(rendered, name=name) for name in TEXT_DIFFS]

every_format = pytest.mark.parametrize("render", RENDERERS, ids=TEXT_DIFFS)


@cache
def _everything_again() -> VersionComparison:
    """Return another comparison of the same versions."""
    return everything.__wrapped__()


@pytest.mark.slow
@only_in_long_runs
@every_format
def test_output_is_deterministic(render: Render) -> None:
    assert render(everything()) == render(_everything_again())


@pytest.mark.slow
@every_format
@settings(deadline=None)
@given(text=st.text(alphabet=st.characters(codec=None), max_size=40))
def test_output_is_encodable_and_ends_with_newline(render: Render, text: str) -> None:
    assert encode(render(everywhere(text))).decode("utf-8").endswith("\n")


@pytest.mark.slow
@every_format
def test_output_has_no_control_characters(render: Render) -> None:
    lines = [line for text in HOSTILE for line in render(everywhere(text)).replace("\u200b", "").split("\n")]
    assert [line for line in lines if visible(line) != line] == []
