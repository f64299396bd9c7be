"""Hints for workflow classes that calls create and the analysis omits."""

from __future__ import annotations

import pytest

from tests.semantics.notation import module_of
from tests.semantics.projects import project_of

RUN = """
import types
import workers
from workers import WorkflowEntrypoint

async def run(self, event, step):
    await step.sleep("a", 100)

class Base(WorkflowEntrypoint):
    def label(self): ...

BASES = (WorkflowEntrypoint,)
ARGUMENTS = ("Orders", BASES, {"run": run})
"""
FACTORY = """
from workers import WorkflowEntrypoint

def workflow(name):
    class Generated(WorkflowEntrypoint):
        async def run(self, event, step):
            await step.sleep(name, 100)
    return Generated

First = workflow("a")
"""


def _hints(source: str) -> list[str]:
    return [hint.message for hint in module_of(source).hints if hint.kind == "unresolved-class"]


@pytest.mark.parametrize(
    "call",
    [
        'type("Orders", (WorkflowEntrypoint,), {"run": run})',
        'type("Orders", (workers.WorkflowEntrypoint,), {"run": run})',
        'type("Orders", (Base,), {"run": run})',
        'types.new_class("Orders", (Base,), {}, fill)',
        'types.new_class("Orders", bases=(Base,), exec_body=fill)',
        'type("Orders", BASES, {"run": run})',
        'type("Orders", (*BASES,), {"run": run})',
        'type("Orders", tuple([Base]), {"run": run})',
        'type("Orders", *[BASES, {"run": run}])',
        'type(*("Orders", BASES, {"run": run}))',
        "type(*ARGUMENTS)",
    ],
)
@pytest.mark.parametrize("target", ["Orders", "Orders: type"])
def test_a_workflow_class_made_by_a_call_is_reported(target: str, call: str) -> None:
    assert _hints(f"{RUN}\n{target} = {call}\n") == [
        "the workflow class `Orders` is the result of a call, so it is not analyzed."
    ]


@pytest.mark.parametrize("call", ['type("Failed", (Exception,), {})', "type(run)", 'create("Orders", (Base,), {})'])
def test_other_calls_are_not_reported(call: str) -> None:
    assert _hints(f"{RUN}\nOrders = {call}\n") == []


@pytest.mark.parametrize(
    "lines",
    [
        'class Orders(type("Made", (Base,), {"run": run})): ...',
        'class Orders(type("Made", (Base,), {"run": run})[int]): ...',
    ],
)
def test_a_workflow_class_derived_from_the_result_of_a_call_is_reported(lines: str) -> None:
    assert _hints(f"{RUN}\n{lines}\n") == [
        "the workflow class `Orders` derives from the result of a call, so it is not analyzed."
    ]


def test_all_classes_derived_from_the_result_of_a_call_are_reported() -> None:
    source = f"""{RUN}
Made = type("Made", BASES, {{"run": run}})
class Orders(Made): ...
class Returns(Orders): ...
Refunds = type("Refunds", (Returns,), {{}})
"""
    assert _hints(source) == [
        "the workflow class `Made` is the result of a call, so it is not analyzed.",
        "the workflow class `Orders` derives from the result of a call, so it is not analyzed.",
        "the workflow class `Returns` derives from the result of a call, so it is not analyzed.",
        "the workflow class `Refunds` is the result of a call, so it is not analyzed.",
    ]


@pytest.mark.parametrize(
    "lines",
    [
        'Made = type("Made", (Exception,), {})\nclass Failed(Made): ...',
        'Failed = type("Failed", (Failed,), {})',
        'Failed = type("Failed", (Exception,), {"base": Base})',
        'Made = type("Made", (), {})\nclass Orders(Made, WorkflowEntrypoint):\n    run = run',
    ],
)
def test_results_of_calls_without_a_workflow_base_are_not_reported(lines: str) -> None:
    assert _hints(f"{RUN}\n{lines}\n") == []


def test_a_second_class_of_a_factory_is_reported() -> None:
    source = f'{FACTORY}Second = workflow("b")\n'
    assert _hints(source) == [
        "the classes `First` and `Second` have the same class name, `Generated`, so only `First` is analyzed."
    ]
    assert [(hint.line, hint.column) for hint in module_of(source).hints] == [(11, 1)]


@pytest.mark.parametrize("line", ["", "Second = First\n", "Second = None\n"])
def test_one_class_of_a_factory_is_not_reported(line: str) -> None:
    assert _hints(FACTORY + line) == []


_BASES = """
import types
from workers import WorkflowEntrypoint

async def run(self, event, step):
    await step.sleep("a", 100)

Made = {}
Failed = type("Failed", (Exception,), {{}})
"""
_CREATED = _BASES.format('type("Made", (WorkflowEntrypoint,), {"run": run})')


@pytest.mark.usefixtures("empty_directory")
@pytest.mark.parametrize(
    "entry",
    [
        "from bases import Made\nclass Orders(Made): ...\n",
        "from bases import Made as Base\nclass Orders(Base[int]): ...\n",
        "from bases import *\nclass Orders(Made): ...\n",
        "import bases\nclass Orders(bases.Made): ...\n",
        "from exported import Base\nclass Orders(Base): ...\n",
        "from exported import Derived\nclass Orders(Derived): ...\n",
    ],
)
def test_a_class_derived_from_a_created_class_of_another_module_is_reported(entry: str) -> None:
    exported = "from bases import Made as Base\nclass Derived(Base): ...\n"
    hints = project_of(entry, bases=_CREATED, exported=exported).hints
    assert [(hint.path, hint.message) for hint in hints if hint.kind == "unresolved-class"] == [
        ("entry.py", "the workflow class `Orders` derives from the result of a call, so it is not analyzed.")
    ]


@pytest.mark.usefixtures("empty_directory")
def test_a_class_created_by_types_in_another_module_is_reported() -> None:
    bases = _BASES.format('types.new_class("Made", (WorkflowEntrypoint,))')
    assert [
        hint.message for hint in project_of("from bases import Made\nclass Orders(Made): ...\n", bases=bases).hints
    ] == ["the workflow class `Orders` derives from the result of a call, so it is not analyzed."]


@pytest.mark.usefixtures("empty_directory")
@pytest.mark.parametrize(
    "entry",
    [
        "from bases import Failed\nclass Retry(Failed): ...\n",
        "from bases import Missing\nclass Orders(Missing): ...\n",
        "from first import Base\nclass Orders(Base): ...\n",
    ],
)
def test_other_imported_classes_are_not_reported(entry: str) -> None:
    modules = {"first": "from second import Base\n", "second": "from first import Base\n"}
    hints = project_of(entry, bases=_CREATED, **modules).hints
    assert [hint.message for hint in hints if hint.kind == "unresolved-class"] == []
