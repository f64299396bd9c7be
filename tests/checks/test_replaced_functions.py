"""Test functions of the project that may be replaced at run time or overridden by an unknown base."""

from __future__ import annotations

from pathlib import Path

from tests.checks.examples import findings_of_example, project

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
    return [finding.code for finding in findings_of_example(project("a project", files), folder)]


def test_result_of_a_replaced_function_is_unknown(tmp_path: Path) -> None:
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


def test_members_of_an_unknown_base_are_unknown(tmp_path: Path) -> None:
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


def test_steps_declared_by_unresolved_code(tmp_path: Path) -> None:
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


def test_untracked_step_is_not_reported_as_missing(tmp_path: Path) -> None:
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
