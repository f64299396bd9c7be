"""A text is parsed as a version graph response, or rejected with one line about the first invalid value."""

from __future__ import annotations

import json

import pytest

from stepgraph.model.note import InputError
from stepgraph.model.payload import VersionGraph
from stepgraph.model.validation import MAX_NODE_DEPTH
from tests.model.payloads import BARE_NODES, RESPONSES, nested_ifs, response
from tests.model.strict import parse_version_graph

SLEEP = BARE_NODES["step_sleep"]


def refusal(data: object) -> str:
    """Return the error message for data, as JSON."""
    with pytest.raises(InputError) as caught:
        parse_version_graph(json.dumps(data), "saved.json")
    assert str(caught.value).count("\n") == 0
    return caught.value.problem.message


def refusal_of_node(node: object) -> str:
    payload = response()
    assert payload["graph"] is not None
    workflow = {**payload["graph"]["workflow"], "nodes": [node]}
    return refusal({**payload, "graph": {"version": 1, "workflow": workflow}})


@pytest.mark.parametrize("payload", RESPONSES.values(), ids=RESPONSES.keys())
def test_a_valid_response_is_parsed(payload: VersionGraph) -> None:
    assert parse_version_graph(json.dumps(payload)) == payload


def test_bytes_may_begin_with_a_byte_order_mark() -> None:
    text = b"\xef\xbb\xbf" + json.dumps(response()).encode()
    assert parse_version_graph(text)["class_name"] == "Order"


def test_a_message_names_the_input_and_what_was_expected_of_it() -> None:
    with pytest.raises(InputError) as caught:
        parse_version_graph("[]", "saved.json")
    assert str(caught.value) == (
        "saved.json: the document should be an object, not an array. "
        "Expected a version graph response of the Workflows API."
    )


def test_text_that_is_not_json_is_refused_with_its_position() -> None:
    with pytest.raises(InputError) as caught:
        parse_version_graph('{\n  "id": ,', "saved.json")
    assert str(caught.value).startswith("saved.json:2:9: not JSON: expecting value. Expected a version graph response")


def test_bytes_that_are_not_text_are_refused() -> None:
    with pytest.raises(InputError) as caught:
        parse_version_graph(b'{"id": "\xff"}', "saved.json")
    assert str(caught.value).startswith("saved.json: not JSON: byte 8 is not UTF-8 text. Expected a version graph")


def test_a_number_that_the_interpreter_refuses_is_refused() -> None:
    with pytest.raises(InputError) as caught:
        parse_version_graph(f"[1{'0' * 5000}]", "saved.json")
    assert str(caught.value) == "saved.json: a number has too many digits."


def test_a_missing_field_is_named_by_its_path() -> None:
    assert refusal_of_node({"type": "step_sleep", "name": "x"}) == "graph.workflow.nodes[0].duration is missing."


def test_further_errors_are_counted() -> None:
    assert refusal({}) == "id is missing (and 5 more)."


def test_an_unknown_field_is_named_by_its_path() -> None:
    assert refusal_of_node({**SLEEP, "label": "x"}) == "graph.workflow.nodes[0].label is not a known field."


def test_an_odd_key_is_quoted_in_the_path() -> None:
    assert refusal_of_node({**SLEEP, "a\nb": 1}) == r'graph.workflow.nodes[0]["a\nb"] is not a known field.'


def test_a_wrong_value_is_shown() -> None:
    assert refusal_of_node({**SLEEP, "starts": "1"}) == ('graph.workflow.nodes[0].starts should be a number, not "1".')


def test_an_invalid_choice_lists_the_valid_ones() -> None:
    assert refusal_of_node({"type": "parallel", "kind": "some", "nodes": []}) == (
        'graph.workflow.nodes[0].kind should be "all", "any", "all_settled" or "race", not "some".'
    )


def test_an_unknown_type_lists_the_documented_ones() -> None:
    shape = {"type": "object", "fields": {"id": {"type": "text"}}}
    assert refusal_of_node({"type": "step_wait_for_event", "name": "x", "payload": shape}) == (
        'graph.workflow.nodes[0].payload.fields.id.type should be one of "unknown", "object", not "text".'
    )


def test_a_node_without_a_type_is_refused() -> None:
    assert refusal_of_node({"name": "x"}) == "graph.workflow.nodes[0].type is missing."


def test_other_values_are_rejected_as_nodes() -> None:
    assert refusal_of_node("x") == 'graph.workflow.nodes[0] should be an object, not "x".'


def test_a_path_goes_through_nested_nodes() -> None:
    attempt = {"type": "try", "try_block": {"type": "block", "nodes": [{"type": "loop", "nodes": {}}]}}
    assert refusal_of_node({"type": "if", "branches": [{"condition": None, "nodes": [attempt]}]}) == (
        "graph.workflow.nodes[0].branches[0].nodes[0].try_block.nodes[0].nodes should be an array, not an object."
    )


def test_a_key_named_like_a_type_is_part_of_the_path() -> None:
    assert refusal_of_node({"type": "try", "try_block": {"type": "block", "nodes": [], "block": 1}}) == (
        "graph.workflow.nodes[0].try_block.block is not a known field."
    )


def test_a_branch_without_a_condition_is_refused() -> None:
    assert refusal_of_node({"type": "if", "branches": [{"nodes": []}]}) == (
        "graph.workflow.nodes[0].branches[0].condition is missing."
    )


def test_a_long_value_is_cut_short() -> None:
    assert refusal_of_node({**SLEEP, "starts": "9" * 1000}) == (
        f'graph.workflow.nodes[0].starts should be a number, not "{"9" * 39}....'
    )


def test_half_a_surrogate_pair_is_refused() -> None:
    assert refusal_of_node({**SLEEP, "name": "\ud83d"}) == "graph.workflow.nodes[0].name is not valid Unicode."


def test_an_invalid_date_is_rejected() -> None:
    assert refusal({**response(), "created_on": "today"}) == (
        'created_on should be a date and time in ISO 8601, not "today".'
    )


def test_nodes_may_be_nested_up_to_the_limit() -> None:
    deepest = nested_ifs(MAX_NODE_DEPTH - 1)
    assert parse_version_graph(json.dumps(deepest)) == deepest


@pytest.mark.parametrize("levels", [MAX_NODE_DEPTH, 200])
def test_nodes_nested_more_deeply_are_refused(levels: int) -> None:
    assert refusal(nested_ifs(levels)) == "nested too deeply: at most 120 nested nodes are supported."


@pytest.mark.parametrize("opening", ["[", '{"nodes":[', '{"type":"loop","nodes":['])
def test_text_of_a_hundred_thousand_brackets_is_refused(opening: str) -> None:
    with pytest.raises(InputError):
        parse_version_graph(opening * 100_000)
