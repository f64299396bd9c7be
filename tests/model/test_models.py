"""The pydantic models take the documented shapes, and write them as they came."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from pydantic import TypeAdapter, ValidationError

from stepgraph.model.payload import Node as NodePayload
from stepgraph.model.payload import VersionGraph
from stepgraph.model.schema import (
    Node,
    StepSleep,
    VersionGetResponse,
    VersionGraphResponse,
    VersionListResponse,
)
from tests.model.payloads import BARE_NODES, NODES, ORDER, RESPONSES, VERSION, WITHOUT_GRAPH, response

NODE: TypeAdapter[object] = TypeAdapter(Node)

ALL_TYPES = {
    "step_do",
    "step_sleep",
    "step_sleep_until",
    "step_wait_for_event",
    "loop",
    "parallel",
    "try",
    "block",
    "if",
    "switch",
    "function_call",
    "function_def",
    "break",
    "start",
}


def types_within(data: object) -> Iterator[object]:
    if isinstance(data, dict):
        yield data.get("type")
        for value in data.values():
            yield from types_within(value)
    elif isinstance(data, list):
        for value in data:
            yield from types_within(value)


def test_the_payloads_of_these_tests_cover_all_node_types() -> None:
    assert set(NODES) == ALL_TYPES
    assert set(types_within(ORDER)) >= ALL_TYPES


@pytest.mark.parametrize("node", NODES.values(), ids=NODES.keys())
def test_a_node_is_dumped_as_it_was_read(node: NodePayload) -> None:
    assert NODE.dump_python(NODE.validate_python(node)) == node


@pytest.mark.parametrize("node", BARE_NODES.values(), ids=BARE_NODES.keys())
def test_absent_fields_are_left_out_of_a_dump(node: NodePayload) -> None:
    assert NODE.dump_python(NODE.validate_python(node)) == node


@pytest.mark.parametrize("payload", RESPONSES.values(), ids=RESPONSES.keys())
def test_a_response_is_dumped_as_it_was_read(payload: VersionGraph) -> None:
    assert VersionGraphResponse.model_validate(payload).model_dump(mode="json") == payload


@pytest.mark.parametrize("payload", RESPONSES.values(), ids=RESPONSES.keys())
def test_a_response_is_read_from_and_written_to_json_text(payload: VersionGraph) -> None:
    text = VersionGraphResponse.model_validate_json(json.dumps(payload)).model_dump_json()
    assert json.loads(text) == payload


def test_the_keys_of_a_dump_stand_in_the_order_of_the_documentation() -> None:
    node = StepSleep(duration="1 hour", name="cool down", starts=1, type="step_sleep")
    assert node.model_dump_json() == '{"type":"step_sleep","name":"cool down","duration":"1 hour","starts":1}'


def test_functions_keep_their_order() -> None:
    dumped = VersionGraphResponse.model_validate(ORDER).model_dump_json()
    assert dumped.index('"pick":{') < dumped.index('"ship":{')


def test_null_for_an_absent_field_is_read_as_absent() -> None:
    read = NODE.validate_python({**BARE_NODES["step_sleep"], "starts": None, "resolves": None})
    assert NODE.dump_python(read) == BARE_NODES["step_sleep"]


def test_the_condition_of_an_else_is_written_as_null() -> None:
    assert '{"condition":null,"nodes":[]}' in NODE.dump_json(NODE.validate_python(NODES["if"])).decode()


def test_a_graph_that_is_not_there_is_written_as_null() -> None:
    assert VersionGraphResponse.model_validate(WITHOUT_GRAPH).model_dump_json().endswith('"graph":null}')


def test_integers_stay_integers_and_fractions_stay_fractions() -> None:
    dumped = NODE.dump_json(NODE.validate_python({**BARE_NODES["step_sleep"], "starts": 1, "resolves": 2.5}))
    assert dumped.endswith(b'"duration":1.5,"starts":1,"resolves":2.5}')


@pytest.mark.parametrize("number", [True, "1", float("nan"), float("inf"), [1]])
def test_what_is_no_json_number_is_refused_as_a_clock(number: object) -> None:
    with pytest.raises(ValidationError, match="should be a number"):
        NODE.validate_python({**BARE_NODES["step_sleep"], "starts": number})


@pytest.mark.parametrize("duration", [True, None, float("nan"), {"minutes": 1}])
def test_what_is_no_duration_is_refused(duration: object) -> None:
    with pytest.raises(ValidationError, match="should be a number of milliseconds or a string"):
        NODE.validate_python({**BARE_NODES["step_sleep"], "duration": duration})


def test_a_string_with_half_a_surrogate_pair_is_refused() -> None:
    with pytest.raises(ValidationError, match="as a unicode string"):
        NODE.validate_python({**BARE_NODES["step_sleep"], "name": "\ud83d"})


def test_a_model_cannot_be_changed() -> None:
    node = StepSleep(type="step_sleep", name="cool down", duration=1)
    with pytest.raises(ValidationError, match="frozen"):
        node.name = "other"


@pytest.mark.parametrize("node", NODES.values(), ids=NODES.keys())
def test_a_node_with_an_unknown_field_is_refused(node: NodePayload) -> None:
    with pytest.raises(ValidationError, match="Extra inputs are not permitted"):
        NODE.validate_python({**node, "label": "x"})


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
def test_a_node_without_a_required_field_is_refused(kind: str, key: str) -> None:
    node = {name: value for name, value in NODES[kind].items() if name != key}
    with pytest.raises(ValidationError, match="Field required"):
        NODE.validate_python(node)


def test_a_node_of_an_unknown_type_is_refused() -> None:
    with pytest.raises(ValidationError, match="'step_undo'"):
        NODE.validate_python({"type": "step_undo", "name": "x"})


def test_dates_are_read_from_iso_text_in_python_data() -> None:
    read = VersionGraphResponse.model_validate(response())
    assert read.created_on == datetime(2026, 1, 5, 9, 30, tzinfo=UTC)


def test_dates_are_taken_as_they_are() -> None:
    moment = datetime(2026, 1, 5, 9, 30, tzinfo=UTC)
    read = VersionGraphResponse.model_validate({**response(), "created_on": moment})
    assert read.model_dump(mode="json")["created_on"] == "2026-01-05T09:30:00Z"


@pytest.mark.parametrize("moment", [1767605400, "1767605400", "yesterday", None, True])
def test_what_is_no_date_is_refused(moment: object) -> None:
    with pytest.raises(ValidationError, match="created_on"):
        VersionGraphResponse.model_validate({**response(), "created_on": moment})


@pytest.mark.parametrize("model", [VersionGetResponse, VersionListResponse])
def test_a_version_is_dumped_as_it_was_read(model: type[VersionGetResponse]) -> None:
    assert model.model_validate(VERSION).model_dump(mode="json") == VERSION


def test_a_version_may_have_all_that_the_client_knows() -> None:
    version = {
        **VERSION,
        "concurrency": {"limit": 10},
        "default_retention": {"error_retention": 86400000, "success_retention": 3600000},
        "limits": {},
    }
    assert VersionGetResponse.model_validate(version).model_dump(mode="json") == version


@pytest.mark.parametrize(
    ("key", "value"), [("has_dag", 1), ("language", "rust"), ("limits", {"steps": 2.5}), ("graph", None)]
)
def test_a_version_with_a_wrong_field_is_refused(key: str, value: object) -> None:
    with pytest.raises(ValidationError, match=key):
        VersionGetResponse.model_validate({**VERSION, key: value})
