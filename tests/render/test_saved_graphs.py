"""Saved graphs with any content are drawn, or refused with a message of one line."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stepgraph.model.note import InputError
from stepgraph.model.saved import read_saved_graphs
from stepgraph.model.walk import NODE_TYPES
from stepgraph.render.flow.dot import render_dot
from stepgraph.render.flow.mermaid_document import render_mermaid
from stepgraph.render.outline import render_outline
from stepgraph.render.svg.drawing import render_svg
from tests.effort import example_count
from tests.property_settings import WITHOUT_DEADLINE
from tests.render.graphs import ORDERS

KEYS = st.one_of(
    st.sampled_from(["type", "name", "nodes", "branches", "functions", "config", "kind", "payload", "fields", "x"]),
    st.sampled_from(["starts", "resolves", "duration", "condition", "class_name", "workflow", "options", "try_block"]),
    st.sampled_from(["graph", "result"]),
)
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**400), 10**400) | st.integers(-3, 3),
    st.floats(),
    st.text(max_size=3),
    st.sampled_from([*NODE_TYPES, "novel", "object", "unknown", "all", "break", "return", "notify", "compensate"]),
)
JSON = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS | st.text(max_size=2), inner, max_size=4),
    max_leaves=12,
)


def draw_or_refuse(data: object) -> None:
    """Draw the graphs read from the data. The only allowed exception is InputError with one line."""
    try:
        saved = read_saved_graphs(json.dumps(data))
    except InputError as error:
        assert "\n" not in str(error)  # noqa: PT017 - most of the data is refused
        return
    for workflow in saved:
        if workflow.graph is not None:
            render_outline(workflow.graph, color=False)
            render_dot(workflow.graph)
            render_mermaid(workflow.graph)
            ET.fromstring(render_svg(workflow.graph).text)  # noqa: S314 - our own


def containers(data: object) -> Iterator[Any]:
    """Yield all objects and arrays in JSON data that are not empty."""
    pending = [data]
    while pending:
        value = pending.pop()
        if value and isinstance(value, (dict, list)):
            yield value
            pending.extend(value.values() if isinstance(value, dict) else value)


def mutate(data: object, draw: st.DataObject) -> None:
    """Change one value in the data: drop, replace, insert or repeat it."""
    container = draw.draw(st.sampled_from(list(containers(data))))
    key = draw.draw(st.sampled_from(list(container) if isinstance(container, dict) else list(range(len(container)))))
    match draw.draw(st.sampled_from(["drop", "replace", "insert", "move"])):
        case "drop":
            del container[key]
        case "replace":
            container[key] = draw.draw(JSON)
        case "insert" if isinstance(container, dict):
            container[draw.draw(KEYS)] = draw.draw(JSON)
        case "insert":
            container.insert(key, draw.draw(JSON))
        case _:
            container[key] = copy.deepcopy(draw.draw(st.sampled_from(list(containers(data)))))


@pytest.mark.slow
@WITHOUT_DEADLINE
@given(JSON)
def test_any_json_is_drawn_or_refused(data: object) -> None:
    draw_or_refuse(data)


@pytest.mark.slow
@WITHOUT_DEADLINE
@given(st.lists(JSON, max_size=4))
def test_any_nodes_are_drawn_or_refused(nodes: list[object]) -> None:
    draw_or_refuse({"version": 1, "workflow": {"class_name": "Orders", "nodes": nodes}})


@pytest.mark.slow
@settings(WITHOUT_DEADLINE, max_examples=example_count(26))
@given(st.data())
def test_a_mutated_graph_is_drawn_or_refused(draw: st.DataObject) -> None:
    data = {"graph": copy.deepcopy(ORDERS)}
    for _ in range(draw.draw(st.integers(1, 4))):
        mutate(data, draw)
        if not data:
            break
    draw_or_refuse(data)
