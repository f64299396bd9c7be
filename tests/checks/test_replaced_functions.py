"""Functions of the project that may not be what runs: replaced from elsewhere, or found in a base first."""

from __future__ import annotations

from pathlib import Path

from stepgraph.checks.example import project
from tests.checks.running import findings

_CONFIGURATION = """
{
  "name": "shop",
  "main": "entry.py",
  "compatibility_date": "2026-03-01",
  "compatibility_flags": ["python_workers"],
  "workflows": [{"binding": "ORDERS", "name": "orders", "class_name": "Orders"}]
}
"""


def _codes(folder: Path, entry: str, **modules: str) -> list[str]:
    files = {"wrangler.jsonc": _CONFIGURATION, "entry.py": entry, **{f"{n}.py": text for n, text in modules.items()}}
    return [finding.code for finding in findings(project("a project", files), folder)]


def test_what_a_replaced_function_returns_is_not_known(tmp_path: Path) -> None:
    entry = """
    import models
    from workers import WorkflowEntrypoint

    models.split = lambda value: [value, value]
    models.Item.pair = lambda self: [1, 2]


    class Orders(WorkflowEntrypoint):
        async def run(self, event, step):
            @step.do("a")
            async def a():
                return {"split": models.split(3), "pair": models.Item().pair()}

            await a()
    """
    models = """
    def split(value):
        return value, value


    class Item:
        def pair(self):
            return 1, 2
    """
    assert _codes(tmp_path, entry, models=models) == []


def test_what_a_base_that_is_not_known_may_have_is_not_known(tmp_path: Path) -> None:
    entry = """
    from framework import Mixin
    from workers import WorkflowEntrypoint


    class Ours:
        PAUSE = "10s"

        def load(self):
            return 1, 2

        def work(self, order):
            return order


    class Orders(Mixin, Ours, WorkflowEntrypoint):
        async def run(self, event, step):
            await step.sleep("rest", self.PAUSE)
            await step.do("work")(self.work)()

            @step.do("load")
            async def load():
                return self.load()

            await load()
    """
    assert _codes(tmp_path, entry) == []


def test_steps_may_be_declared_by_what_cannot_be_followed(tmp_path: Path) -> None:
    entry = """
    from workers import WorkflowEntrypoint


    class Orders(WorkflowEntrypoint):
        async def run(self, event, step):
            self.step = step
            for name in event["payload"]["declarations"]:
                getattr(self, name)()

            @step.do()
            async def total(rows, columns):
                return rows + columns

            await total()

        def declare_rows(self):
            self.step.do("rows")(lambda: 1)

        def declare_columns(self):
            self.step.do("columns")(lambda: 1)
    """
    assert _codes(tmp_path, entry) == ["SG004"]


def test_where_a_step_is_lost_from_sight_it_is_not_said_that_none_runs(tmp_path: Path) -> None:
    entry = """
    from workers import WorkflowEntrypoint


    class Orders(WorkflowEntrypoint):
        async def run(self, event, step):
            @step.do("charge")
            async def charge():
                return 1

            table = dict(enumerate([charge]))
            _, work = table.popitem()
            await work()
    """
    assert "SG123" not in _codes(tmp_path, entry)
