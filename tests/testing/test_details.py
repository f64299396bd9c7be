"""Details in snapshots, which do not depend on the formatting of the code."""

from __future__ import annotations

import json

import pytest

from stepgraph import analyze_source
from stepgraph.testing import WorkflowGraph
from stepgraph.testing.drawing import FORMS, Form, draw

SOURCE = """\
from workers import WorkflowEntrypoint


class Orders(WorkflowEntrypoint):
    async def run(self, event, step):
        @step.do("charge")
        async def charge(): ...

        for item in [event, 'x', 1]:
            try:
                await charge()
            except CardError as error:
                raise Declined('no card', item) from error
        await step.sleep("rest", 5)
"""
FORMATTED = """\
from workers import WorkflowEntrypoint


class Orders(WorkflowEntrypoint):
    async def run(self, event, step):
        @step.do("charge")
        async def charge(): ...

        for item in [
            event,  # first
            "x",
            1,
        ]:
            try:
                await charge()
            except CardError as error:
                raise Declined(
                    "no card",
                    item,
                ) from error
        await step.sleep("rest", 5)
"""


def graph_of(source: str) -> WorkflowGraph:
    return WorkflowGraph.of(analyze_source(source, "orders.py").workflows[0])


@pytest.mark.slow
def test_an_outline_shows_details() -> None:
    assert str(graph_of(SOURCE).as_outline()).splitlines()[1:] == [
        '├─ ↻ for item in [event, "x", 1]',
        "│  ├─ ▣ try",
        "│  │  └─ ● charge",
        '│  ├─ ▣ except CardError as error: raise Declined("no card", item) from error  not caught here',
        "│  └─ ▣ any other error: raise",
        "└─ ◔ rest  sleep 5 ms",
    ]


@pytest.mark.parametrize("form", FORMS)
def test_formatting_the_code_changes_no_snapshot(form: Form) -> None:
    texts = [draw(graph.graph, form, graph.details) for graph in map(graph_of, (SOURCE, FORMATTED))]
    assert texts[0] == texts[1]


@pytest.mark.parametrize("form", sorted(set(FORMS) - {"json"}))
def test_a_changed_exception_changes_each_drawing(form: Form) -> None:
    graphs = map(graph_of, (SOURCE, SOURCE.replace("Declined(", "Refused(")))
    texts = [draw(graph.graph, form, graph.details) for graph in graphs]
    assert texts[0] != texts[1]


def test_json_has_the_fields_of_the_api_only() -> None:
    graph = graph_of(SOURCE)
    assert json.loads(draw(graph.graph, "json", graph.details)) == graph.graph


def test_graphs_with_different_details_are_equal() -> None:
    assert graph_of(SOURCE) == graph_of(SOURCE.replace("Declined(", "Refused("))


def test_a_graph_of_a_payload_has_no_details() -> None:
    assert WorkflowGraph.of(graph_of(SOURCE).graph).details.items == ()


def test_the_text_of_a_graph_shows_details() -> None:
    assert "except CardError as error" in str(graph_of(SOURCE))
