"""Keys that a program reads from a payload."""

from __future__ import annotations

import pytest

from tests.semantics.notation import codes_of, graph_of, shape, text, workflow_of


def payload_of(body: str) -> object:
    graph = workflow_of(body + "\nawait a()\n").graph
    assert graph is not None
    return shape(graph["workflow"].get("payload"))


def test_keys_are_read_by_index_get_attribute_and_alias() -> None:
    assert payload_of("""
payload = event["payload"]
first = payload["user"]["id"]
second = event.payload.get("note")
third = event.get("payload")["kind"]
""") == {"user": {"id": ...}, "note": ..., "kind": ...}


def test_methods_with_a_default_read_a_key() -> None:
    assert payload_of("""
payload = event["payload"]
payload.get("first", 1), payload.pop("second", 2), payload.setdefault("third", [])
""") == {"first": ..., "second": ..., "third": ...}


@pytest.mark.parametrize("method", ["get", "pop"])
def test_a_step_as_the_default_of_a_key_may_run(method: str) -> None:
    assert graph_of(f'await a()\nact = event["payload"].{method}("act", a)\nawait act()') == text("""
        a
        if "act" in event["payload"]
        else
          a
    """)


def test_a_step_that_is_set_as_a_default_is_reported() -> None:
    assert codes_of('await a()\nact = event["payload"].setdefault("act", a)\nawait act()') == ["escapes"]


@pytest.mark.slow
def test_a_value_indexed_by_number_is_unknown() -> None:
    assert payload_of('first = event["payload"]["rows"][0]["id"]') == {"rows": ...}


def test_a_mapping_pattern_reads_its_keys() -> None:
    assert payload_of("""
match event["payload"]:
    case {"order": {"id": key}, "kind": "new"}:
        pass
""") == {"order": {"id": ...}, "kind": ...}


def test_keys_read_in_functions_and_steps() -> None:
    assert payload_of("""
async def helper(data):
    return data["helper"]

@step.do("reads")
async def reads():
    return event["payload"]["step"]

await helper(event["payload"])
await reads()
if False:
    event["payload"]["never"]
""") == {"helper": ..., "step": ...}


def test_no_payload_without_read_keys() -> None:
    assert payload_of("everything = event['payload']") is ...


def test_a_wait_has_the_keys_read_from_its_result() -> None:
    graph = workflow_of("""
        reply = await step.wait_for_event("reply", "replied")
        again = reply["payload"]
        print(again["text"], reply["payload"].get("meta", {})["lang"])
    """).graph
    assert graph is not None
    node = graph["workflow"]["nodes"][0]
    assert node["type"] == "step_wait_for_event"
    assert shape(node["payload"]) == {"text": ..., "meta": {"lang": ...}}
