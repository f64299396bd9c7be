"""The API's own Python client and our definitions agree on every payload, down to the innermost node."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import get_type_hints

import pytest
from cloudflare.types.workflows import VersionGetResponse as ClientVersion
from cloudflare.types.workflows import VersionGraphResponse as ClientGraph
from cloudflare.types.workflows import VersionListResponse as ClientListedVersion
from cloudflare.types.workflows.version_graph_response import GraphWorkflowNode, GraphWorkflowPayload
from pydantic import BaseModel, TypeAdapter

from stepgraph.model.payload import Version, VersionGraph
from tests.model.payloads import RESPONSES, VERSION
from tests.model.strict import parse_version_graph

CLIENT_NODE: TypeAdapter[BaseModel] = TypeAdapter(GraphWorkflowNode)
CLIENT_SHAPE: TypeAdapter[BaseModel] = TypeAdapter(GraphWorkflowPayload)
SHAPES = {"unknown", "object"}


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


@pytest.mark.parametrize("payload", RESPONSES.values(), ids=RESPONSES.keys())
def test_the_client_knows_every_field_of_a_response(payload: VersionGraph) -> None:
    assert list(unknown_fields(ClientGraph.model_validate(payload))) == []


@pytest.mark.parametrize("payload", RESPONSES.values(), ids=RESPONSES.keys())
def test_the_client_knows_every_field_of_every_nested_node(payload: VersionGraph) -> None:
    for data in objects_with_type(payload):
        adapter = CLIENT_SHAPE if data["type"] in SHAPES else CLIENT_NODE
        node = adapter.validate_python(data)
        assert node.model_dump(exclude_unset=True) == data
        assert list(unknown_fields(node)) == []


@pytest.mark.parametrize("payload", RESPONSES.values(), ids=RESPONSES.keys())
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
