"""Reflection, such as `vars()` and `globals()`: calls of its results are reported, reads are not."""

from __future__ import annotations

import pytest

from tests.semantics.notation import codes_of, notation, text, workflow_of_module

MODULE = """
import enum
import inspect
import sys
from dataclasses import dataclass, field, fields
from workers import WorkflowEntrypoint

STEP = []

async def job():
    await STEP[0].do("a")(lambda: 1)()

class Plugin:
    async def go(self): ...

class Audit(Plugin):
    async def go(self):
        await job()

class Kind(enum.Enum):
    A = 1
    async def go(self):
        await job()

class Color(enum.Enum):
    RED = 1

@dataclass
class Spec:
    load: int = field(default=1, metadata={{"run": job}})

class W(WorkflowEntrypoint):
    async def run(self, event, step):
        STEP.append(step)
        {use}
"""


@pytest.mark.parametrize(
    "use",
    [
        "await locals()['job_' + event]()",
        "await vars()['job_' + event]()",
        "for each in list(locals().values()): await each()",
    ],
)
def test_call_of_a_function_in_a_table_of_local_names(use: str) -> None:
    assert codes_of(f"async def job_a(): await a()\n{use}") == ["unresolved-call"]


@pytest.mark.parametrize("use", ["print(locals())", "names = list(vars())", "if 'job_a' in locals(): await b()"])
def test_reading_a_table_of_local_names(use: str) -> None:
    assert codes_of(f"async def job_a(): await a()\n{use}\nawait job_a()\nawait b()\nawait c()\nawait d()") == []


@pytest.mark.parametrize(
    "use",
    [
        "for name, each in list(globals().items()): await each()",
        "await Audit.__mro__[0]().go()",
        "await vars(Audit)['go'](None)",
        "for name, each in inspect.getmembers(Audit()): await each()",
        "await sys.modules[event].job()",
        "await sys.modules.get(__name__).job()",
        "for each in sys.modules.values(): await each.job()",
        "for each in Kind.__members__.values(): await each.go()",
        "for each in fields(Spec): await each.metadata['run']()",
    ],
)
def test_call_of_a_member_of_a_table(use: str) -> None:
    workflow = workflow_of_module(MODULE.format(use=use))
    assert "unresolved-call" in [note.code for note in workflow.notes]


@pytest.mark.parametrize(
    "use",
    [
        "names = [each.name for each in fields(Spec)]",
        "is_color = event in Color.__members__",
        "names = [name for name, each in vars(Audit).items()]",
        "names = [each.__name__ for each in Audit.__mro__]",
        "version = sys.modules['enum'].__name__",
    ],
)
def test_reading_a_table(use: str) -> None:
    workflow = workflow_of_module(MODULE.format(use=f"{use}\n        await job()"))
    assert workflow.complete


OWN_MODULE = """
import sys
from workers import WorkflowEntrypoint

async def on_paid(step):
    await step.sleep("paid", 1)

async def on_failed(step):
    await step.sleep("failed", 1)

class W(WorkflowEntrypoint):
    async def run(self, event, step):
        {use}
"""


def test_function_of_the_own_module_with_a_computed_name() -> None:
    use = "await getattr(sys.modules[__name__], f'on_{event}')(step)"
    assert notation(workflow_of_module(OWN_MODULE.format(use=use)).graph) == text("""
        switch f'on_{event}'
        | case "on_paid"
          call on_paid
        | case "on_failed"
          call on_failed
        def on_paid
          sleep 'paid' 1
        def on_failed
          sleep 'failed' 1
    """)


@pytest.mark.parametrize("owner", ["sys.modules[__name__]", "sys.modules.get(__name__)"])
def test_function_that_the_own_module_replaces(owner: str) -> None:
    use = f"getattr({owner}, '__dict__')['on_paid'] = on_failed\n        await on_paid(step)"
    assert not workflow_of_module(OWN_MODULE.format(use=use)).complete


def test_name_that_a_class_body_sets_in_its_namespace() -> None:
    workflow = workflow_of_module("""
        from workers import WorkflowEntrypoint

        class W(WorkflowEntrypoint):
            NAME = "old"
            locals()["NAME"] = "new"

            async def run(self, event, step):
                await step.do(self.NAME)(lambda: 1)()
    """)
    assert notation(workflow.graph) == "{self.NAME}"


PLUGINS = """
from workers import WorkflowEntrypoint

class Plugin:
    kind = ""
    def __init__(self, step):
        self.step = step
    async def go(self):
        await self.step.sleep("base", 1)

class Audit(Plugin):
    kind = "audit"
    async def go(self):
        await self.step.sleep("audit", 1)

class Deep(Audit):
    pass

class Mail(Plugin):
    kind = "mail"

MORE

class W(WorkflowEntrypoint):
    async def run(self, event, step):
        kinds = {each.kind: each for each in Plugin.__subclasses__()}
        await kinds[event["payload"]["kind"]](step).go()
"""


def test_subclasses_are_the_direct_ones_in_order() -> None:
    workflow = workflow_of_module(PLUGINS.replace("MORE", ""))
    assert workflow.complete
    assert notation(workflow.graph).split("\ndef ")[0].splitlines() == [
        'switch event["payload"]["kind"]',
        '| case "audit"',
        "  call Audit.go",
        '| case "mail"',
        "  call Plugin.go",
    ]


@pytest.mark.parametrize(
    "more",
    [
        "def make():\n    class Late(Plugin): ...\n    return Late",
        "def make(base):\n    class Late(base): ...\n    return Late",
    ],
)
def test_subclasses_that_cannot_be_resolved_are_reported(more: str) -> None:
    assert not workflow_of_module(PLUGINS.replace("MORE", more)).complete
