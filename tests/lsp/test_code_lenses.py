"""The code lenses of workflows."""

from __future__ import annotations

from pathlib import Path

import pytest

from stepgraph.limits import MAXIMUM, Limit
from stepgraph.lsp.requests.code_lenses import code_lenses
from stepgraph.lsp.sessions.diagnostics import diagnostics_of
from stepgraph.lsp.sessions.views import DocumentView
from tests.cli.sources import IMPORT, module, workflow
from tests.lsp.views import Workspace

ORDERS = module(workflow("Orders", "rest", "pause"))


def lenses(view: DocumentView) -> list[tuple[int, str, str]]:
    """Return the line, from 1, the title and the command of each lens."""
    commands = ((lens.range.start.line + 1, lens.command) for lens in code_lenses(view))
    return [(line, command.title, command.command) for line, command in commands if command is not None]


def titles(view: DocumentView) -> list[str]:
    return [title for _, title, _ in lenses(view)]


def test_a_workflow_has_lenses_above_run(tmp_path: Path) -> None:
    view = Workspace(tmp_path).open("orders.py", ORDERS)
    assert lenses(view) == [
        (5, "2 steps", "stepgraph.showGraph"),
        (5, "show graph", "stepgraph.showGraph"),
        (5, "no findings", "stepgraph.showFindings"),
    ]
    command = code_lenses(view)[0].command
    assert command is not None
    assert command.arguments == [view.document.uri, "Orders"]


def test_the_findings_are_those_of_the_diagnostics(tmp_path: Path) -> None:
    text = module(workflow("Orders", "rest"), workflow("Returns", "a", "b")).replace("1 hour", "1 min")
    view = Workspace(tmp_path).open("shop.py", text)
    assert titles(view) == ["1 step", "show graph", "1 finding", "2 steps", "show graph", "2 findings"]
    assert sum(map(len, diagnostics_of(view.folder).values())) == 3


def test_an_incomplete_graph_says_so(tmp_path: Path) -> None:
    text = f"from elsewhere import mystery\n{ORDERS}        await mystery(step)\n"
    assert titles(Workspace(tmp_path).open("orders.py", text)) == ["2 steps, incomplete", "show graph", "1 finding"]


def test_a_missing_graph_has_a_reason(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path)
    assert titles(workspace.open("orders.py", module(workflow("Orders"))))[0] == "no graph: no step can run"
    unresolved = f"from elsewhere import mystery\n{module(workflow('Orders'))}        await mystery(step)\n"
    assert titles(workspace.open("orders.py", unresolved))[0] == "no graph: its steps cannot be resolved"


def test_a_large_graph_has_a_limit_as_the_reason(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(MAXIMUM, Limit.DEPENDENCIES, 0)
    text = f"""{IMPORT}
class Orders(WorkflowEntrypoint):
    async def run(self, event, step):
        @step.do()
        async def reserve(): ...
        @step.do()
        async def charge(reserve): ...
        if event:
            await reserve()
        await charge()
"""
    view = Workspace(tmp_path).open("orders.py", text)
    assert titles(view)[0] == "no graph: more than 0 dependencies in the graph"


def test_a_broken_file_shows_its_last_valid_state(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path)
    workspace.open("orders.py", ORDERS)
    broken = ORDERS.replace("class", "(\n\nclass")
    assert lenses(workspace.open("orders.py", broken)) == [
        (7, "2 steps, last valid state", "stepgraph.showGraph"),
        (7, "show graph", "stepgraph.showGraph"),
    ]


def test_an_inherited_run_has_its_lenses_above_the_class(tmp_path: Path) -> None:
    text = f"""{IMPORT}
class Base(WorkflowEntrypoint):
    async def run(self, event, step):
        await self.work(step)

class Orders(Base):
    async def work(self, step):
        await step.sleep("rest", "1 hour")
"""
    view = Workspace(tmp_path).open("orders.py", text)
    assert [(line, title) for line, title, _ in lenses(view) if title.endswith("step")] == [(7, "1 step")]


def test_a_helper_has_no_lenses(tmp_path: Path) -> None:
    helper = 'async def work(step):\n    await step.sleep("rest", "1 hour")\n'
    orders = f"from helper import work\n{module(workflow('Orders'))}".replace("pass", "await work(step)")
    assert titles(Workspace(tmp_path, {"orders.py": orders, "helper.py": helper}).open("helper.py", helper)) == []
