"""Saved graphs of any origin are read if they can be drawn, and rejected with one line otherwise."""

from __future__ import annotations

import json
from copy import deepcopy
from functools import reduce
from operator import getitem
from typing import Any, cast

import pytest

from stepgraph.model import saved, validation
from stepgraph.model.note import InputError
from stepgraph.model.payload import Graph, Node, VersionGraph
from stepgraph.model.saved import SavedGraph, read_saved_graphs
from stepgraph.model.validation import MAX_NODE_DEPTH
from stepgraph.model.walk import STEP_TYPES
from tests.model.payloads import ENGINE_DEFAULTS, NODES, RESPONSES, nested_ifs, response

EMPTY: Graph = {"version": 1, "workflow": {"class_name": "Order", "functions": {}, "nodes": []}}
ADVICE = "Expected a version graph response of the Workflows API."


def document(*nodes: object, **workflow: object) -> dict[str, object]:
    """Return a `graph` object as someone else may have written it."""
    return {"version": 1, "workflow": {"class_name": "Order", "nodes": list(nodes), **workflow}}


def read(data: object) -> tuple[SavedGraph, ...]:
    return read_saved_graphs(json.dumps(data), "saved.json")


def nodes(*written: object) -> list[Node]:
    """Return nodes after reading them."""
    (saved,) = read(document(*written))
    assert saved.graph is not None
    return saved.graph["workflow"]["nodes"]


def refusal(data: object) -> str:
    """Return the error message for data, without the position and the advice."""
    with pytest.raises(InputError) as caught:
        read(data)
    assert "\n" not in str(caught.value)
    assert caught.value.problem.path == "saved.json"
    return caught.value.problem.message


@pytest.mark.parametrize("payload", RESPONSES.values(), ids=RESPONSES.keys())
def test_documented_payloads_are_read_unchanged(payload: VersionGraph) -> None:
    (saved,) = read(payload)
    assert saved.graph == payload["graph"]


@pytest.mark.parametrize(
    "data",
    [
        EMPTY,
        {**response(), "graph": EMPTY},
        {"graph": EMPTY},
        {"result": EMPTY},
        {"result": {"graph": EMPTY}, "success": True, "errors": [], "messages": []},
        [EMPTY],
        {"result": [{"graph": EMPTY}], "result_info": {"count": 1}},
    ],
)
def test_a_graph_is_read_from_each_envelope(data: object) -> None:
    assert read(data) == (SavedGraph("Order", EMPTY),)


def test_an_array_may_hold_many_or_none() -> None:
    assert [saved.class_name for saved in read([document(class_name="A"), {"graph": document(class_name="B")}])] == [
        "A",
        "B",
    ]
    assert read([]) == ()


def test_a_version_without_a_graph_keeps_its_name() -> None:
    assert read({"class_name": "Order", "graph": None}) == (SavedGraph("Order", None),)
    assert read({"graph": None}) == (SavedGraph("The workflow", None),)


def test_unknown_fields_are_dropped() -> None:
    assert nodes({"type": "loop", "label": "x", "nodes": [{"type": "block", "nodes": [], "more": {"a": []}}]}) == [
        {"type": "loop", "nodes": [{"type": "block", "nodes": []}]}
    ]


def without(node: Node, path: tuple[str, ...]) -> Node:
    """Return a copy of a node without the value at a path."""
    copy: Any = deepcopy(node)
    *above, last = path
    del reduce(getitem, above, copy)[last]
    return cast("Node", copy)


def setting_after_reading(node: Node, path: tuple[str, ...]) -> object:
    """Return the setting of a node after reading it, or None if the reader does not accept the node."""
    try:
        value: Any = nodes(node)[0]
    except InputError:
        return None
    return reduce(getitem, path, value)


def test_engine_defaults_has_each_step_type() -> None:
    assert set(ENGINE_DEFAULTS) == set(STEP_TYPES), (
        "ENGINE_DEFAULTS in tests/model/payloads.py should have each step type, if need be without defaults"
    )


@pytest.mark.parametrize(
    ("step_type", "path", "default"),
    [(step_type, *item) for step_type, defaults in ENGINE_DEFAULTS.items() for item in defaults.items()],
)
def test_a_missing_setting_is_completed(step_type: str, path: tuple[str, ...], default: object) -> None:
    assert setting_after_reading(without(NODES[step_type], path), path) == default, (
        f"the reader should complete `{'.'.join(path)}` of `{step_type}`: "
        "add it to _NODE_DEFAULTS, or to an object of parts_by_type, in model/saved.py"
    )


def test_missing_settings_get_the_engines_defaults() -> None:
    assert nodes({"type": "step_do", "name": "charge"}) == [
        {
            "type": "step_do",
            "name": "charge",
            "config": {
                "retries": {"limit": 5, "delay": 1000, "backoff": "exponential"},
                "timeout": "10 minutes",
            },
            "nodes": [],
        }
    ]


def test_a_partial_configuration_is_completed() -> None:
    (step,) = nodes({"type": "step_do", "name": "charge", "config": {"retries": {"limit": 0}, "timeout": None}})
    assert step["type"] == "step_do"
    assert step["config"] == {
        "retries": {"limit": 0, "delay": 1000, "backoff": "exponential"},
        "timeout": "10 minutes",
    }


def test_missing_lists_are_empty() -> None:
    assert nodes(
        {"type": "loop"},
        {"type": "parallel", "kind": "all", "nodes": None},
        {"type": "try", "try_block": {"type": "block"}, "catch_block": None},
        {"type": "if"},
        {"type": "switch", "discriminant": "x", "branches": [{}]},
        {"type": "start", "class_name": "Order"},
    ) == [
        {"type": "loop", "nodes": []},
        {"type": "parallel", "kind": "all", "nodes": []},
        {"type": "try", "try_block": {"type": "block", "nodes": []}},
        {"type": "if", "branches": []},
        {"type": "switch", "discriminant": "x", "branches": [{"condition": None, "nodes": []}]},
        {"type": "start", "class_name": "Order", "functions": {}, "nodes": []},
    ]


def test_words_of_other_api_versions_are_unchanged() -> None:
    retries = {"limit": 1, "delay": "1 hour", "backoff": "fibonacci"}
    written = [
        {"type": "parallel", "kind": "some", "nodes": []},
        {"type": "break", "kind": "throw"},
        {"type": "step_do", "name": "a", "config": {"retries": retries, "timeout": 1}, "nodes": []},
    ]
    assert nodes(*written) == written


def test_an_unknown_shape_is_read_as_unknown() -> None:
    fields = {"lines": {"type": "array", "items": {"type": "unknown"}}, "id": {"type": "unknown"}}
    (saved,) = read(document(payload={"type": "object", "fields": fields}))
    assert saved.graph is not None
    assert saved.graph["workflow"].get("payload") == {
        "type": "object",
        "fields": {"lines": {"type": "unknown"}, "id": {"type": "unknown"}},
    }


def test_an_unknown_node_keeps_its_type_name_and_nodes() -> None:
    sleep = {"type": "step_sleep", "name": "rest", "duration": 1}
    inner = {"type": "novel", "nodes": []}
    unknown = {
        "type": "step_dream",
        "name": "x",
        "nodes": [sleep, 3],
        "branches": [inner, {"nodes": [{"nodes": [sleep]}]}],
    }
    assert nodes(unknown, {"type": "", "name": 3, "nodes": {}}) == [
        {"type": "step_dream", "name": "x", "nodes": [sleep, inner, sleep]},
        {"type": "", "nodes": []},
    ]


def test_nodes_may_be_nested_up_to_the_limit() -> None:
    deepest = nested_ifs(MAX_NODE_DEPTH - 1)
    assert read(deepest)[0].graph == deepest["graph"]


def test_nodes_that_are_nested_more_deeply_are_refused() -> None:
    assert refusal(nested_ifs(MAX_NODE_DEPTH)) == (
        f"nested too deeply: at most {MAX_NODE_DEPTH} nested nodes are supported."
    )


@pytest.mark.parametrize(
    ("node", "message"),
    [
        (3, "[0] should be an object, not 3."),
        ({}, "[0].type is missing."),
        ({"type": 3}, "[0].type should be a string, not 3."),
        ({"type": "step_do", "name": 3}, "[0].name should be a string, not 3."),
        ({"type": "step_do"}, "[0].name is missing."),
        ({"type": "step_do", "name": "a", "config": []}, "[0].config should be an object, not an array."),
        (
            {"type": "step_do", "name": "a", "config": {"retries": {"limit": "5"}}},
            '[0].config.retries.limit should be a number, not "5".',
        ),
        (
            {"type": "parallel", "kind": 3},
            '[0].kind should be "all", "any", "all_settled" or "race", not 3.',
        ),
        ({"type": "loop", "nodes": {}}, "[0].nodes should be an array, not an object."),
        (
            {"type": "if", "branches": [{"nodes": [{"type": "try", "try_block": {"type": "loop"}}]}]},
            '[0].branches[0].nodes[0].try_block.type should be "block", not "loop".',
        ),
        (
            {"type": "if", "branches": [{"condition": False}]},
            "[0].branches[0].condition should be a string, not false.",
        ),
        (
            {"type": "novel", "branches": [{"nodes": [None, {"type": "step_sleep", "name": "a"}]}]},
            "[0].branches[0].nodes[1].duration is missing.",
        ),
        (
            {"type": "start", "class_name": "A", "functions": {"a b": {"type": "function_def"}}},
            '[0].functions["a b"].name is missing.',
        ),
        (
            {"type": "step_wait_for_event", "name": "a", "payload": {"type": "object", "fields": {"id": 3}}},
            "[0].payload.fields.id should be an object, not 3.",
        ),
    ],
)
def test_what_cannot_be_drawn_is_refused_with_its_place(node: object, message: str) -> None:
    assert refusal({"result": {"graph": document(node)}}) == f"result.graph.workflow.nodes{message}"


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (3, "the document should be an object, not 3."),
        ({}, "missing `graph` in the document."),
        ({"result": {"status": "running", "steps": []}}, "the log of an instance, not the graph of a workflow."),
        ({"nodes": []}, "missing `graph` in the document."),
        ([EMPTY, {}], "missing `graph` in [1]."),
        ({"result": [EMPTY, {}]}, "missing `graph` in result[1]."),
        ({"result": ["x"]}, 'result[0] should be an object, not "x".'),
        ({"graph": []}, "graph should be an object, not an array."),
        ({"graph": {"version": 1}}, "graph.workflow is missing."),
        ({"graph": {"version": 1, "workflow": {}}}, "graph.workflow.class_name is missing (and 1 more)."),
        ({"result": None, "success": True}, "the API response has no result."),
        ({"success": True}, "the API response has no result."),
        ({"id": "1", "has_dag": True}, "the version has no graph."),
        (
            {"status": "running", "success": None, "steps": []},
            "the log of an instance, not the graph of a workflow.",
        ),
    ],
)
def test_data_without_a_graph_is_refused(data: object, message: str) -> None:
    assert refusal(data) == message


@pytest.mark.parametrize(
    ("errors", "message"),
    [
        ([{"code": 10000, "message": "Authentication error"}], "Authentication error (10000)"),
        ([{"message": "No such version."}, {"message": "x"}], "No such version"),
        (["down"], "down"),
        ([], "without a message"),
        (None, "without a message"),
        ([{"code": 1}], "without a message"),
    ],
)
def test_the_message_contains_the_error_of_the_api(errors: object, message: str) -> None:
    assert refusal({"success": False, "errors": errors, "result": None}) == (f"the API returned an error: {message}.")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b"", f"saved.json: not JSON: the file is empty. {ADVICE}"),
        (b" \n", f"saved.json: not JSON: the file is empty. {ADVICE}"),
        (b'{"graph": }', f"saved.json:1:11: not JSON: expecting value. {ADVICE}"),
        (b"\x89PNG\r\n\x1a\n", f"saved.json: not JSON: byte 0 is not UTF-8 text. {ADVICE}"),
        (b"\x1f\x8b\x08\x00", "saved.json: not JSON: the file is compressed with gzip. Decompress it first."),
        (b"[" * 100_000, f"saved.json: nested too deeply: at most {MAX_NODE_DEPTH} nested nodes are supported."),
        (b"[1" + b"0" * 5000 + b"]", "saved.json: a number has too many digits."),
    ],
)
def test_invalid_json_is_refused(text: bytes, message: str) -> None:
    with pytest.raises(InputError) as caught:
        read_saved_graphs(text, "saved.json")
    assert str(caught.value) == message


def test_a_message_says_what_was_expected() -> None:
    with pytest.raises(InputError) as caught:
        read({})
    assert str(caught.value) == f"saved.json: missing `graph` in the document. {ADVICE}"


def test_files_of_too_many_nodes_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(validation, "SAVED_NODES", 5)
    graph = document({"type": "if", "branches": [{"condition": "a", "nodes": []}, {}]})
    assert len(read(graph)) == 1
    assert refusal([graph, graph]) == "too large: at most 5 nodes, branches and workflows are read."


@pytest.mark.parametrize(
    "workflow",
    [
        {"nodes": [0] * 9},
        {"nodes": [{}] * 9},
        {"nodes": [{"type": "magic", "branches": [{}] * 9}]},
        {"nodes": [], "functions": dict.fromkeys("abcdefghi", 0)},
        {"nodes": [], "payload": {"type": "object", "fields": dict.fromkeys("abcdefghi", 0)}},
    ],
)
def test_invalid_members_count_as_nodes(monkeypatch: pytest.MonkeyPatch, workflow: dict[str, object]) -> None:
    monkeypatch.setattr(validation, "SAVED_NODES", 8)
    graph = {"version": 1, "workflow": {"class_name": "Orders", **workflow}}
    assert refusal(graph) == "too large: at most 8 nodes, branches and workflows are read."


def test_files_of_too_many_arrays_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(validation, "JSON_VALUES", 8)
    assert refusal({"graph": None, "points": [[]] * 9}) == "too large: at most 8 arrays and objects are read."


def test_long_keys_are_truncated_in_messages() -> None:
    graph = {"version": 1, "workflow": {"class_name": "Orders", "nodes": [], "functions": {"a" * 300: 0}}}
    assert refusal(graph) == f"workflow.functions.{'a' * 199}... should be an object, not 0."


def test_files_of_too_many_graphs_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(saved, "SAVED_GRAPHS", 2)
    assert len(read([document()] * 2)) == 2
    assert refusal([document()] * 3) == "too many graphs: at most 2 are read."
