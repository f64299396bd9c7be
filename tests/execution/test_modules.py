"""Test module imports and the choice of the workflow class."""

from __future__ import annotations

import sys

import pytest

from tests.execution.modules import NotExportedError
from tests.execution.runner import execute

_WORKFLOW = """\
from workers import WorkflowEntrypoint

class {name}(WorkflowEntrypoint):
    async def run(self, event, step):
        return "{name}"
"""


def test_only_workflow_is_run() -> None:
    assert execute(_WORKFLOW.format(name="Orders")).result == "Orders"


def test_workflow_chosen_by_name() -> None:
    source = _WORKFLOW.format(name="Orders") + _WORKFLOW.format(name="Refunds")
    assert execute(source, "Refunds").result == "Refunds"
    assert isinstance(execute(source).error, NotExportedError)


def test_class_name_identifies_a_workflow() -> None:
    source = _WORKFLOW.format(name="Orders") + "Renamed = Orders\ndel Orders\n"
    assert execute(source, "Orders").result == "Orders"
    assert isinstance(execute(source, "Renamed").error, NotExportedError)


def test_private_name_is_not_exported() -> None:
    assert isinstance(execute(_WORKFLOW.format(name="_Orders")).error, NotExportedError)


def test_dunder_all_defines_the_exports() -> None:
    source = _WORKFLOW.format(name="Orders") + _WORKFLOW.format(name="_Refunds")
    assert execute(source + '__all__ = ["_Refunds"]').result == "_Refunds"
    assert isinstance(execute(source + '__all__ = ["_Refunds"]', "Orders").error, NotExportedError)


def test_module_without_workflows() -> None:
    assert isinstance(execute("from workers import WorkflowEntrypoint").error, NotExportedError)


def test_imported_workflow_is_exported() -> None:
    sources = {"entry": "from flows.orders import Orders", "flows.orders": _WORKFLOW.format(name="Orders")}
    assert execute(sources).result == "Orders"


def test_source_modules_shadow_real_ones() -> None:
    workflow = _WORKFLOW.format(name="Orders").replace('"Orders"', "json.names + text()")
    sources = {
        "main": f"import json\nfrom a.b import text\n{workflow}",
        "json": 'names = "own json"\n',
        "a": "",
        "a.b": "from . import c\ndef text():\n    return c.text\n",
        "a.c": 'text = ", relative"\n',
    }
    before = sys.modules["json"]
    assert execute(sources).result == "own json, relative"
    assert sys.modules["json"] is before
    assert not {"main", "a", "a.b", "a.c"} & sys.modules.keys()


@pytest.mark.parametrize(
    ("source", "error"),
    [("def (", SyntaxError), ("import no_such_module", ModuleNotFoundError), ("1 / 0", ZeroDivisionError)],
)
def test_import_error_fails_the_execution(source: str, error: type[Exception]) -> None:
    assert isinstance(execute(source).error, error)


def test_workflow_without_run_fails() -> None:
    source = "from workers import WorkflowEntrypoint\nclass Orders(WorkflowEntrypoint):\n    pass\n"
    assert isinstance(execute(source).error, AttributeError)


def test_inherited_run() -> None:
    source = _WORKFLOW.format(name="Orders") + "class Refunds(Orders):\n    pass\n"
    assert execute(source, "Refunds").result == "Orders"


_STEPS = """
from workers import WorkflowEntrypoint

class Base({base}):
    async def run(self, event, step):
        return await step.do("a")(lambda: 1)()
"""


def test_run_of_super() -> None:
    source = (
        _STEPS.format(base="WorkflowEntrypoint")
        + """
class Orders(Base):
    async def run(self, event, step):
        return await super().run(event, step)
"""
    )
    assert execute(source, "Orders").started == ["a-1"]


def test_run_of_a_mixin_gets_the_unwrapped_step() -> None:
    execution = execute(_STEPS.format(base="") + "class Orders(Base, WorkflowEntrypoint):\n    pass\n")
    assert isinstance(execution.error, TypeError)
    assert execution.started == []


def test_workflow_with_init() -> None:
    assert execute("""
        from workers import WorkflowEntrypoint

        class Orders(WorkflowEntrypoint):
            def __init__(self, ctx, env):
                super().__init__(ctx, env)
                self.table = env.TABLE

            def run(self, event, step):
                return self.table
    """, env={"TABLE": "orders"}).result == "orders"  # fmt: skip


def test_worker_entrypoint_is_not_a_workflow() -> None:
    source = """
from workers import Response, WorkerEntrypoint

class Default(WorkerEntrypoint):
    async def fetch(self, request):
        return Response("ok")
"""
    assert execute(source + _WORKFLOW.format(name="Orders")).result == "Orders"
