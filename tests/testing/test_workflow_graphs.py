"""The graphs of `WorkflowGraphs`: texts that only logs need."""

from __future__ import annotations

from pathlib import Path

import pytest

from stepgraph.graph import computed_texts
from stepgraph.testing import WorkflowGraphs

CALLS = """\
from workers import WorkflowEntrypoint


class Orders(WorkflowEntrypoint):
    async def run(self, event, step):
        await self.charge(step, "card")

    async def charge(self, step, method):
        @step.do(f"charge {method}")
        async def charge(): ...

        await charge()
"""


@pytest.fixture(autouse=True)
def no_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STEPGRAPH_NO_CACHE", "1")


def log(name: str) -> dict[str, object]:
    return {"status": "running", "steps": [{"name": f"{name}-1", "type": "step", "success": True}]}


def test_a_graph_without_logs_needs_no_computed_texts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "entry.py").write_text(CALLS)
    monkeypatch.setattr(computed_texts, "compute_texts", lambda *_: pytest.fail("texts were computed"))
    graph = WorkflowGraphs(tmp_path)("entry.py")
    assert graph.complete
    assert "charge {method}" in graph.outline()


def test_calls_decide_the_names_in_logs(tmp_path: Path) -> None:
    (tmp_path / "entry.py").write_text(CALLS)
    graph = WorkflowGraphs(tmp_path)("entry.py")
    assert graph.steps() == ["charge card"]
    assert graph.accepts(log("charge card"))
    assert not graph.accepts(log("charge cash"))


def test_changed_code_decides_no_names(tmp_path: Path) -> None:
    entry = tmp_path / "entry.py"
    entry.write_text(CALLS)
    graph = WorkflowGraphs(tmp_path)("entry.py")
    entry.write_text(CALLS.replace("charge {method}", "pay {method}"))
    assert graph.steps() == ["charge {method}"]
    assert graph.accepts(log("charge cash"))
