"""The search for the callers' tasks that functions complete."""

from __future__ import annotations

import pytest

from stepgraph import analyze_source
from stepgraph.graph.calls import CallSummaries
from stepgraph.graph.control import structure_control_flow
from stepgraph.ir.nodes import OperationBlock
from stepgraph.limits import MAXIMUM, Limit
from stepgraph.model.payload import Node
from tests.hostile.inputs import load_inputs

_INPUTS = {row.name: row for row in load_inputs("pairs")}


def _awaiting_tasks(count: int) -> str:
    """Return a workflow with tasks that each await the previous one, and an await of the last one."""
    return str(_INPUTS["tasks that each await the one before"].files(count)["entry.py"])


def _nodes(source: str) -> list[Node]:
    (workflow,) = analyze_source(source, "entry.py").workflows
    assert workflow.complete
    assert workflow.graph is not None
    return workflow.graph["workflow"]["nodes"]


def test_an_await_completes_tasks_that_its_tasks_await() -> None:
    group, _ = _nodes(_awaiting_tasks(3))
    assert group["type"] == "parallel"
    assert [node.get("resolves") for node in group["nodes"]] == [2, 2, 2, 2]


@pytest.mark.slow
def test_each_function_is_summarized_once(monkeypatch: pytest.MonkeyPatch) -> None:
    counts = [0]

    def count(block: OperationBlock, calls: CallSummaries) -> OperationBlock:
        counts[0] += 1
        return structure_control_flow(block, calls)

    monkeypatch.setattr("stepgraph.graph.completed_tasks.structure_control_flow", count)
    _nodes(_awaiting_tasks(50))
    assert counts == [50]


def test_the_number_of_completed_tasks_is_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(MAXIMUM, Limit.PAIRS, 100)
    (workflow,) = analyze_source(_awaiting_tasks(20), "entry.py").workflows
    notes = [note.message for note in workflow.notes]
    assert notes == ["the graph of `Orders` is not built: more than 100 compared pairs."]
