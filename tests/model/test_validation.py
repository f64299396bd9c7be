"""Data from outside is validated against the definitions of the payload."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import NotRequired, get_args, get_origin, get_type_hints

import pytest
from pydantic import TypeAdapter, ValidationError

from stepgraph.model.payload import Node, Version, VersionGraph
from stepgraph.model.walk import NODE_TYPES
from tests.model.payloads import BARE_NODES, NODES, ORDER, RESPONSES, VERSION, response

NODE: TypeAdapter[Node] = TypeAdapter(Node)
VERSION_GRAPH = TypeAdapter(VersionGraph)
VERSION_SHAPE = TypeAdapter(Version)
MEMBERS: dict[str, type] = {
    get_args(get_type_hints(member)["type"])[0]: member for member in get_args(get_args(Node.__value__)[0])
}
"""The members of the union `Node`, by node type."""


def valid_node(data: object) -> Node:
    return NODE.validate_python(data)


def types_within(data: object) -> Iterator[object]:
    if isinstance(data, dict):
        yield data.get("type")
        for value in data.values():
            yield from types_within(value)
    elif isinstance(data, list):
        for value in data:
            yield from types_within(value)


def test_the_types_of_nodes_are_those_of_the_union() -> None:
    assert list(MEMBERS) == list(NODE_TYPES), (
        "the union `Node` and the literal `NodeType` in model/payload.py should have the same types in the same order"
    )


def optional_fields(member: type) -> set[str]:
    hints = get_type_hints(member, include_extras=True)
    return {name for name, hint in hints.items() if get_origin(hint) is NotRequired}


def test_nodes_has_each_node_type() -> None:
    assert set(NODES) == set(NODE_TYPES), "NODES in tests/model/payloads.py should have one node of each type"


def test_bare_nodes_has_each_type_with_optional_fields() -> None:
    types = [node_type for node_type, member in MEMBERS.items() if optional_fields(member)]
    assert set(BARE_NODES) == set(types), (
        "BARE_NODES in tests/model/payloads.py should have one node of each type with optional fields"
    )


@pytest.mark.parametrize("node", BARE_NODES.values(), ids=BARE_NODES.keys())
def test_a_bare_node_has_no_optional_fields(node: Node) -> None:
    optional = optional_fields(MEMBERS[node["type"]]) & set(node)
    assert optional == set(), "remove these fields from the node in BARE_NODES of tests/model/payloads.py"


def test_order_uses_each_node_type() -> None:
    missing = set(NODE_TYPES) - set(types_within(ORDER))
    assert missing == set(), "use these node types in ORDER in tests/model/payloads.py"


@pytest.mark.parametrize("node", [*NODES.values(), *BARE_NODES.values()])
def test_a_valid_node_stays_as_it_is(node: Node) -> None:
    assert json.dumps(valid_node(node)) == json.dumps(node)


@pytest.mark.parametrize("payload", RESPONSES.values(), ids=RESPONSES.keys())
def test_a_valid_response_stays_as_it_is(payload: VersionGraph) -> None:
    assert json.dumps(VERSION_GRAPH.validate_python(payload)) == json.dumps(payload)


def test_null_for_a_field_that_may_be_absent_means_absent() -> None:
    assert valid_node({**BARE_NODES["step_sleep"], "starts": None, "resolves": None}) == BARE_NODES["step_sleep"]


def test_integers_stay_integers_and_fractions_stay_fractions() -> None:
    node = {**BARE_NODES["step_sleep"], "starts": 1, "resolves": 2.5}
    assert json.dumps(valid_node(node)).endswith('"duration": 1.5, "starts": 1, "resolves": 2.5}')


@pytest.mark.parametrize("number", [True, "1", float("nan"), float("inf"), [1]])
def test_a_clock_is_a_json_number(number: object) -> None:
    with pytest.raises(ValidationError, match="should be a number"):
        valid_node({**BARE_NODES["step_sleep"], "starts": number})


@pytest.mark.parametrize("duration", [True, None, float("nan"), {"minutes": 1}])
def test_a_duration_is_a_number_or_text(duration: object) -> None:
    with pytest.raises(ValidationError, match="should be a number of milliseconds or a string"):
        valid_node({**BARE_NODES["step_sleep"], "duration": duration})


def test_a_string_with_half_a_surrogate_pair_is_invalid() -> None:
    with pytest.raises(ValidationError, match="as a unicode string"):
        valid_node({**BARE_NODES["step_sleep"], "name": "\ud83d"})


@pytest.mark.parametrize("node", NODES.values(), ids=NODES.keys())
def test_an_unknown_field_is_invalid(node: Node) -> None:
    with pytest.raises(ValidationError, match="Extra inputs are not permitted"):
        valid_node({**node, "label": "x"})


@pytest.mark.parametrize(
    ("kind", "key"),
    [
        ("step_do", "name"),
        ("step_do", "config"),
        ("step_do", "nodes"),
        ("step_sleep", "name"),
        ("step_sleep", "duration"),
        ("step_sleep_until", "name"),
        ("step_sleep_until", "timestamp"),
        ("step_wait_for_event", "name"),
        ("loop", "nodes"),
        ("parallel", "kind"),
        ("parallel", "nodes"),
        ("block", "nodes"),
        ("if", "branches"),
        ("switch", "discriminant"),
        ("switch", "branches"),
        ("function_call", "name"),
        ("function_def", "name"),
        ("function_def", "nodes"),
        ("break", "kind"),
        ("start", "class_name"),
        ("start", "functions"),
        ("start", "nodes"),
    ],
)
def test_a_node_without_a_required_field_is_invalid(kind: str, key: str) -> None:
    node = {name: value for name, value in NODES[kind].items() if name != key}
    with pytest.raises(ValidationError, match="Field required"):
        valid_node(node)


@pytest.mark.parametrize("wrap", [lambda node: node, lambda node: {"type": "loop", "nodes": [node]}])
def test_a_node_of_an_unknown_type_is_invalid(wrap: Callable[[object], object]) -> None:
    with pytest.raises(ValidationError, match="'step_undo'"):
        valid_node(wrap({"type": "step_undo", "name": "x", "nodes": []}))


@pytest.mark.parametrize(
    "node",
    [{"type": "parallel", "kind": "some", "nodes": []}, {"type": "break", "kind": "throw"}],
)
def test_an_unknown_word_is_invalid(node: object) -> None:
    with pytest.raises(ValidationError, match="Input should be"):
        valid_node(node)


@pytest.mark.parametrize("moment", [1767605400, "1767605400", "yesterday", None, True])
def test_a_timestamp_is_a_date_and_time_in_iso_8601(moment: object) -> None:
    with pytest.raises(ValidationError, match="should be a date and time in ISO 8601"):
        VERSION_GRAPH.validate_python({**response(), "created_on": moment})


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {
            "concurrency": {"limit": 10},
            "default_retention": {"error_retention": 86400000, "success_retention": 3600000},
            "limits": {},
        },
    ],
)
def test_a_valid_version_stays_as_it_is(fields: dict[str, object]) -> None:
    version = {**VERSION, **fields}
    assert VERSION_SHAPE.validate_python(version) == version


@pytest.mark.parametrize(
    ("key", "value"), [("has_dag", 1), ("language", "rust"), ("limits", {"steps": 2.5}), ("graph", None)]
)
def test_a_version_with_a_wrong_field_is_invalid(key: str, value: object) -> None:
    with pytest.raises(ValidationError, match=key):
        VERSION_SHAPE.validate_python({**VERSION, key: value})
