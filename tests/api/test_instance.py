"""The library function `instance`: the forms of logs and graphs that it takes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from stepgraph import InputError, Instance, analyze_source, instance
from stepgraph.api import Json
from tests.model.payloads import response
from tests.render.graphs import graph

LOG: Mapping[str, object] = {
    "status": "running",
    "steps": [{"name": "rest-1", "type": "sleep", "finished": False}],
}
REST = graph({"type": "step_sleep", "name": "rest", "duration": "1 hour"})
SOURCE = """\
from workers import WorkflowEntrypoint


class Orders(WorkflowEntrypoint):
    async def run(self, event, step):
        await step.sleep("rest", "1 hour")


class Nothing(WorkflowEntrypoint):
    async def run(self, event, step):
        pass
"""


def states(instance: Instance) -> list[str]:
    return [node.state for node in instance.nodes.values()]


def saved(data: object, path: Path) -> Path:
    path.write_text(json.dumps(data), encoding="utf-8")
    return path


def refusal(log: Json, of: Json) -> str:
    with pytest.raises(InputError) as raised:
        instance(log, of)
    return str(raised.value)


@pytest.mark.parametrize("log", [LOG, json.dumps(LOG), json.dumps(LOG).encode()], ids=["data", "text", "bytes"])
def test_forms_of_logs(log: Json) -> None:
    assert states(instance(log, REST)) == ["sleeping"]


def test_log_and_graph_can_be_files(tmp_path: Path) -> None:
    log, of = saved({"success": True, "result": LOG}, tmp_path / "log.json"), saved(REST, tmp_path / "orders.json")
    assert states(instance(log, of)) == ["sleeping"]


@pytest.mark.parametrize("of", [response(*REST["workflow"]["nodes"]), [REST], json.dumps(REST)])
def test_forms_of_graphs(of: Json) -> None:
    assert states(instance(LOG, of)) == ["sleeping"]


def test_an_analyzed_workflow_has_its_name() -> None:
    (workflow, _) = analyze_source(SOURCE).workflows
    assert repr(instance(LOG, workflow)) == "<Instance of Orders: running, 1 entry, fits>"


def test_a_workflow_without_graph_is_refused() -> None:
    (_, workflow) = analyze_source(SOURCE, "orders.py").workflows
    with pytest.raises(InputError, match=r"orders\.py: the workflow has no graph"):
        instance(LOG, workflow)


def test_paths_in_strings_are_refused() -> None:
    assert refusal("log.json", REST) == "log.json: a path, not JSON text. Pass a path as `pathlib.Path`."
    assert refusal(LOG, "saved.json") == "saved.json: a path, not JSON text. Pass a path as `pathlib.Path`."


def test_several_graphs_are_refused() -> None:
    assert refusal(LOG, json.dumps([REST, REST])).startswith("<graph>: has 2 graphs instead of one.")


def test_exchanged_arguments_are_refused(tmp_path: Path) -> None:
    exchanged = saved(REST, tmp_path / "orders.json")
    assert "the graph of a workflow, not the log of an instance." in refusal(exchanged, REST)


def test_other_values_are_refused() -> None:
    assert refusal({}, REST).startswith("<log>: not the log of an instance: it has no `steps`.")
    assert refusal(LOG, {}).startswith("<graph>: missing `graph`")
