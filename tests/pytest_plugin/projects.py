"""Projects for inner pytest sessions."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

# Imported here with its lazy imports: pytest discards modules that an inner session imports.
from stepgraph.source_analysis import import_pipeline
from stepgraph.testing.drawing import FORMS, draw
from tests.render.graphs import do, graph

import_pipeline()
for form in FORMS:
    draw(graph(do("a")), form)

ORDERS = """\
from workers import WorkflowEntrypoint


class OrderWorkflow(WorkflowEntrypoint):
    async def run(self, event, step):
        @step.do("load order")
        async def load(): ...

        @step.do("charge card", config={"retries": {"limit": 3, "delay": 1000}})
        async def charge(): ...

        await load()
        await charge()
"""
CHANGED = ORDERS.replace('"limit": 3', '"limit": 7') + '        await step.sleep("rest", 5)\n'
REFUNDS = ORDERS.replace("OrderWorkflow", "RefundWorkflow")
BROKEN = ORDERS.replace("await load()", "await load(")
INCOMPLETE = ORDERS.replace("await load()", "await load()\n        await elsewhere(step)")

SETTINGS = """\
[tool.stepgraph]
snapshot = true

[tool.pytest.ini_options]
testpaths = ["tests"]
"""
TEST = """\
def test_orders(workflow_graph, snapshot):
    assert workflow_graph("src/entry.py", "OrderWorkflow") == snapshot
"""


def write(folder: Path, files: Mapping[str, str]) -> None:
    """Write files below a folder."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")


def snapshots(folder: Path) -> list[str]:
    """Return the paths of all snapshots relative to the folder."""
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("__snapshots__/*/*"))


def run(pytester: pytest.Pytester, *arguments: str) -> pytest.RunResult:
    """Run an inner pytest session with this plugin and syrupy only."""
    without = (f"-pno:{name}" for name in ("xdist", "hypothesispytest", "anyio", "asyncio", "pytest-lsp"))
    return pytester.runpytest_inprocess(*without, *arguments)
