"""The results of an analysis."""

from __future__ import annotations

from pathlib import Path

import pytest

from stepgraph.analysis import WorkflowAnalysis, version_id, workflow_id
from stepgraph.model.note import Note
from stepgraph.project.module_dates import ModuleDates
from tests.api.graphs import SPAN, graph_of, sleep, step, workflow

DATES = ModuleDates("2026-01-02T03:04:05Z", "2026-03-01T00:00:00Z")
COMPLETE_NOTE = Note("no-timeout", "There is no timeout.", "Give one.", SPAN, incomplete=False)
INCOMPLETE_NOTE = Note("unresolved-call", "The call is not resolved.", "Name the function.", SPAN)


def test_a_workflow_has_a_dag_exactly_when_it_has_a_graph() -> None:
    assert workflow(graph_of(sleep("rest"))).has_dag
    assert not workflow(None).has_dag


def test_a_workflow_is_complete_unless_a_note_says_otherwise() -> None:
    assert workflow(graph_of()).complete
    assert workflow(graph_of(), COMPLETE_NOTE).complete
    assert not workflow(graph_of(), COMPLETE_NOTE, INCOMPLETE_NOTE).complete


def test_steps_are_counted_at_any_depth() -> None:
    graph = graph_of(
        step("outer", step("inner")),
        {"type": "if", "branches": [{"condition": "x", "nodes": [sleep("a")]}, {"condition": None, "nodes": []}]},
        {"type": "try", "try_block": {"type": "block", "nodes": [sleep("b")]}},
        {"type": "function_call", "name": "pay"},
        {"type": "function_call", "name": "pay"},
    )
    graph["workflow"]["functions"]["pay"] = {"type": "function_def", "name": "pay", "nodes": [step("charge")]}
    assert workflow(graph).step_count == 5


def test_without_a_graph_there_are_no_steps() -> None:
    assert workflow(None).step_count == 0


def test_a_version_graph_is_an_api_response() -> None:
    graph = graph_of(sleep("rest"))
    assert workflow(graph).version_graph(dates=DATES) == {
        "id": version_id(workflow_id("shop", "orders"), graph),
        "class_name": "Orders",
        "created_on": "2026-01-02T03:04:05Z",
        "modified_on": "2026-03-01T00:00:00Z",
        "workflow_id": workflow_id("shop", "orders"),
        "graph": graph,
    }


def test_a_version_has_an_id_and_the_configured_limit() -> None:
    limited = WorkflowAnalysis("orders", "Orders", SPAN.path, lambda: SPAN, None, (), "shop", 50)
    assert limited.version(dates=DATES) == {
        "id": version_id(workflow_id("shop", "orders"), None),
        "class_name": "Orders",
        "created_on": "2026-01-02T03:04:05Z",
        "modified_on": "2026-03-01T00:00:00Z",
        "workflow_id": workflow_id("shop", "orders"),
        "has_dag": False,
        "language": "python",
        "limits": {"steps": 50},
    }
    assert "limits" not in workflow(None).version(dates=DATES)


def test_dates_default_to_those_of_the_module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1767323045")
    Path("orders.py").touch()
    assert workflow(None).version_graph()["created_on"] == "2026-01-02T03:04:05Z"
