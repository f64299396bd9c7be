"""What holds for every format of a diff."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stepgraph.cli.streams import encode
from stepgraph.diff.diff import diff_workflows
from stepgraph.model.payload import Graph
from stepgraph.phrases.visible import visible
from stepgraph.report.difference.json_report import render_json
from stepgraph.report.difference.markdown import render_markdown
from stepgraph.report.difference.marks import marked_graph
from stepgraph.report.difference.report import ComparedWorkflow, DiffReport, VersionedWorkflow
from stepgraph.report.difference.text import render_text
from tests.diff.test_properties import unhurried
from tests.render.random_graphs import graphs
from tests.report.differences import everything, everywhere
from tests.report.reports import HOSTILE

Render = Callable[[DiffReport], str]

FORMATS: dict[str, Render] = {"text": render_text, "json": render_json, "markdown": render_markdown}

every_format = pytest.mark.parametrize("render", FORMATS.values(), ids=FORMATS.keys())


@every_format
def test_the_same_diff_gives_the_same_bytes(render: Render) -> None:
    assert render(everything()) == render(everything())


@every_format
@settings(deadline=None)
@given(text=st.text(alphabet=st.characters(codec=None), max_size=40))
def test_every_output_can_be_written_and_ends_in_a_line_break(render: Render, text: str) -> None:
    assert encode(render(everywhere(text))).decode("utf-8").endswith("\n")


@pytest.mark.parametrize("name", ["text", "markdown"])
@pytest.mark.parametrize("text", HOSTILE)
def test_nothing_for_people_steers_a_terminal(name: str, text: str) -> None:
    told = FORMATS[name](everywhere(text)).replace("\u200b", "")
    assert all(visible(line) == line for line in told.split("\n"))


@unhurried
@given(graphs(3), graphs(3))
def test_a_marked_graph_differs_from_the_graph_in_names_of_steps_only(old: Graph, new: Graph) -> None:
    before, after = (VersionedWorkflow("w", "W", "w.py", "w.py:1", graph) for graph in (old, new))
    diff = diff_workflows(old["workflow"], new["workflow"])
    marked = marked_graph(ComparedWorkflow(before, after, diff))
    assert marked is not None
    assert _without_signs(marked, new) == new


def _without_signs(marked: object, plain: object) -> object:
    """Return what was marked, with the names of what it was made from where only a sign stands before them."""
    if isinstance(marked, dict) and isinstance(plain, dict):
        return {
            key: _name(value, plain[key]) if key == "name" else _without_signs(value, plain[key])
            for key, value in marked.items()
        }
    if isinstance(marked, list) and isinstance(plain, list):
        return [_without_signs(*both) for both in zip(marked, plain, strict=True)]
    return marked


def _name(marked: object, plain: object) -> object:
    return plain if marked in (f"+ {plain}", f"~ {plain}") else marked
