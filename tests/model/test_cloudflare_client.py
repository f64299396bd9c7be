"""The API's own Python client and our definitions agree on every payload, down to the innermost node."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import cast, get_args, get_type_hints

import pytest
from cloudflare.types.workflows import VersionGetResponse as ClientVersion
from cloudflare.types.workflows import VersionGraphResponse as ClientGraph
from cloudflare.types.workflows import VersionListResponse as ClientListedVersion
from cloudflare.types.workflows.version_graph_response import GraphWorkflowNode, GraphWorkflowPayload
from pydantic import BaseModel, TypeAdapter

from stepgraph.model.payload import Version, VersionGraph
from stepgraph.model.walk import NODE_TYPES
from tests.model.payloads import RESPONSES, VERSION
from tests.model.strict import parse_version_graph

CLIENT_NODE: TypeAdapter[BaseModel] = TypeAdapter(GraphWorkflowNode)
CLIENT_SHAPE: TypeAdapter[BaseModel] = TypeAdapter(GraphWorkflowPayload)
CLIENT_TYPES = {get_args(model.model_fields["type"].annotation)[0] for model in get_args(GraphWorkflowNode)}
SHAPES = {"unknown", "object"}

NEWER_THAN_CLIENT: set[str] = set()
"""The node types that the API has and the installed client lacks. The tests skip nodes of these types."""


def without_newer_nodes(data: object) -> object:
    """Return a payload without the nodes that the client does not know, at any depth."""
    if isinstance(data, dict):
        return {key: without_newer_nodes(value) for key, value in data.items()}
    if isinstance(data, list):
        is_newer = (isinstance(item, dict) and item.get("type") in NEWER_THAN_CLIENT for item in data)
        return [without_newer_nodes(item) for item, skipped in zip(data, is_newer, strict=True) if not skipped]
    return data


CLIENT_RESPONSES = {name: cast("VersionGraph", without_newer_nodes(payload)) for name, payload in RESPONSES.items()}


def objects_with_type(data: object) -> Iterator[dict[str, object]]:
    """Yield every node and shape of a payload at any depth, because the client leaves nested ones untyped."""
    if isinstance(data, dict):
        if "type" in data:
            yield data
        for value in data.values():
            yield from objects_with_type(value)
    elif isinstance(data, list):
        for value in data:
            yield from objects_with_type(value)


def unknown_fields(value: object) -> Iterator[str]:
    """Yield the fields of a client model that the client does not declare."""
    if isinstance(value, BaseModel):
        yield from (f"{type(value).__name__}.{name}" for name in value.model_extra or {})
        for name in type(value).model_fields:
            yield from unknown_fields(getattr(value, name))
    elif isinstance(value, dict):
        for member in value.values():
            yield from unknown_fields(member)
    elif isinstance(value, list):
        for member in value:
            yield from unknown_fields(member)


def test_the_client_knows_each_node_type() -> None:
    newer = set(NODE_TYPES) - CLIENT_TYPES
    assert newer - NEWER_THAN_CLIENT == set(), (
        "the client lacks these node types: update `cloudflare` in pyproject.toml, or add them to NEWER_THAN_CLIENT"
    )
    assert NEWER_THAN_CLIENT - newer == set(), "the client has these node types: remove them from NEWER_THAN_CLIENT"
    assert CLIENT_TYPES - set(NODE_TYPES) == set(), "add these node types of the client to model/payload.py"


@pytest.mark.parametrize("payload", CLIENT_RESPONSES.values(), ids=CLIENT_RESPONSES.keys())
def test_the_client_knows_every_field_of_a_response(payload: VersionGraph) -> None:
    assert list(unknown_fields(ClientGraph.model_validate(payload))) == []


@pytest.mark.parametrize("payload", CLIENT_RESPONSES.values(), ids=CLIENT_RESPONSES.keys())
def test_the_client_knows_every_field_of_every_nested_node(payload: VersionGraph) -> None:
    for data in objects_with_type(payload):
        adapter = CLIENT_SHAPE if data["type"] in SHAPES else CLIENT_NODE
        node = adapter.validate_python(data)
        assert node.model_dump(exclude_unset=True) == data
        assert list(unknown_fields(node)) == []


@pytest.mark.parametrize("payload", CLIENT_RESPONSES.values(), ids=CLIENT_RESPONSES.keys())
def test_the_clients_output_with_nulls_is_valid(payload: VersionGraph) -> None:
    dumped = ClientGraph.model_validate(payload).model_dump(mode="json")
    assert parse_version_graph(json.dumps(dumped)) == payload


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [(VersionGraph, ClientGraph), (Version, ClientVersion), (Version, ClientListedVersion)],
)
def test_our_shapes_have_the_fields_of_the_client(ours: type, theirs: type[BaseModel]) -> None:
    assert set(get_type_hints(ours)) == set(theirs.model_fields)


def test_the_client_knows_every_field_of_a_version() -> None:
    assert list(unknown_fields(ClientVersion.model_validate(VERSION))) == []
