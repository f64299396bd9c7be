"""Instances as JSON, and the published schema."""

from __future__ import annotations

import json

import pytest
from jsonschema import Draft202012Validator
from msgspec.structs import replace
from pydantic import TypeAdapter

from stepgraph.execution.instance import instance_of
from stepgraph.execution.log import InstanceLog
from stepgraph.model.instance_report import InstanceReport
from stepgraph.model.json_schema import instance_report_schema, replay_report_schema
from stepgraph.model.payload import Graph
from stepgraph.report.instance.json_report import instance_report, render_json
from tests.instances.short_logs import ended, failed, log_of, opened, recorded
from tests.render.graphs import block, branch, call, do, either, function, graph, protected
from tests.report.reports import HOSTILE

VALIDATOR = Draft202012Validator(json.loads(instance_report_schema()))
SHAPE = TypeAdapter(InstanceReport)

TWO_CALLS = graph(
    either(branch("x", call("pack")), branch(None, call("pack"))), functions={"pack": function("pack", do("a"))}
)


@pytest.mark.parametrize(
    ("log", "of"),
    [
        (log_of("running"), graph(do("a"))),
        (log_of("running", ended("a")), TWO_CALLS),
        (log_of("running", ended("x")), graph(do("a"))),
        (log_of("complete", ended("a")), graph(either(branch("x", do("a")), branch(None, do("a"))))),
        (recorded("terminated_while_retrying"), graph(do("flaky"))),
        (
            recorded("failed_in_finally"),
            graph(protected(block(do("a"), do("c")), catch=block(do("b")), final=block(do("d")))),
        ),
    ],
    ids=["empty", "calls", "misfit", "ambiguous", "retrying", "failed"],
)
def test_report_matches_schema(log: InstanceLog, of: Graph) -> None:
    data = json.loads(render_json(instance_of(log, of)))
    assert SHAPE.validate_python(data) == data
    assert [error.json_path for error in VALIDATOR.iter_errors(data)] == []


@pytest.mark.parametrize("schema", [instance_report_schema(), replay_report_schema()], ids=["instance", "replay"])
def test_every_field_is_described(schema: str) -> None:
    described = json.loads(schema)
    definitions = [*described["$defs"].values(), described]
    fields = [field for definition in definitions for field in definition["properties"].items()]
    assert [name for name, field in fields if "description" not in field and "$ref" not in field] == []


def test_report_of_a_log_without_an_entry() -> None:
    log = log_of("running", replace(ended("a"), log_name="a-2", count=2))
    report = instance_report(instance_of(log, graph(do("a"))))
    assert report["fits"]
    assert report["defect"] == "The log lacks an entry `a-1` before entry 1, `a-2`. Save the complete log."


def test_report_of_a_running_instance() -> None:
    log = log_of("running", failed("a"), opened("b"))
    report = instance_report(
        instance_of(log, graph(protected(block(do("a")), catch=block(do("b"))), do("c")), "orders")
    )
    assert report["workflow"] == {"name": "orders", "class_name": "Orders"}
    assert (report["fits"], report["status"], report["current"], report["failure"]) == (True, "running", [1], None)
    assert report["next"] == [{"node": "nodes[1]", "name": "c", "after_error": False, "waits_for": [1]}]
    assert (report["misfit"], report["unknown"]) == (None, None)
    assert report["entries"][0] == {
        "index": 0,
        "name": "a-1",
        "kind": "step",
        "node": "nodes[0].try_block.nodes[0]",
        "call_path": [],
        "possible_call_paths": [],
        "passes": [],
        "alternatives": [],
        "state": "failed",
        "attempts": 1,
        "attempt_log": [
            {
                "start": "1970-01-01T00:00:00.000Z",
                "end": "1970-01-01T00:00:00.005Z",
                "succeeded": False,
                "error": "Error: no",
            }
        ],
        "start": "1970-01-01T00:00:00.000Z",
        "end": "1970-01-01T00:00:00.005Z",
        "duration": 5,
        "error": "Error: no",
    }
    assert report["nodes"]["nodes[0].try_block.nodes[0]"] == {
        "kind": "step_do",
        "name": "a",
        "state": "failed",
        "runs": 1,
        "possible_runs": 0,
        "attempts": 1,
        "start": "1970-01-01T00:00:00.000Z",
        "end": "1970-01-01T00:00:00.005Z",
        "duration": 5,
        "errors": ["Error: no"],
        "entries": [0],
    }


def test_handlers_that_no_step_leads_to_are_marked() -> None:
    handled = graph(protected(block(do("a")), catch=block(do("b"))))
    assert instance_report(instance_of(log_of("running"), handled))["next"] == [
        {"node": "nodes[0].try_block.nodes[0]", "name": "a", "after_error": False, "waits_for": []},
        {"node": "nodes[0].catch_block.nodes[0]", "name": "b", "after_error": True, "waits_for": []},
    ]


def test_report_of_a_misfit_has_the_other_entries() -> None:
    report = instance_report(instance_of(log_of("running", ended("x"), ended("a")), graph(do("a"))))
    assert [(entry["node"], entry["alternatives"]) for entry in report["entries"]] == [(None, []), (None, [])]
    assert report["misfit"] == {
        "index": 0,
        "message": "entry 1 of 2, `x-1`, does not fit: expected `a` at the start",
        "expected": ["nodes[0]"],
    }


def test_undetermined_calls_are_listed() -> None:
    entry = instance_report(instance_of(log_of("running", ended("a")), TWO_CALLS))["entries"][0]
    assert (entry["node"], entry["call_path"]) == ('functions["pack"].nodes[0]', [])
    assert entry["possible_call_paths"] == [["nodes[0].branches[0].nodes[0]"], ["nodes[0].branches[1].nodes[0]"]]


@pytest.mark.parametrize("text", HOSTILE)
def test_text_is_unchanged(text: str) -> None:
    log = log_of(text, failed(text, text), error=text)
    data = json.loads(render_json(instance_of(log, graph(do(text)), f"orders {text}")))
    assert (data["status"], data["error"], data["workflow"]["name"]) == (text, text, f"orders {text}")
    assert (data["entries"][0]["error"], data["nodes"]["nodes[0]"]["name"]) == (text, text)
