"""Remarks on calls whose arguments decide the names of steps."""

from __future__ import annotations

import pytest

from stepgraph import analyze_source
from stepgraph.model.details import parts_of

SOURCE = """
from workers import WorkflowEntrypoint

class W(WorkflowEntrypoint):
    async def run(self, event, step):
        $calls

    async def work(self, step, name, count=0):
        @step.do(f"{name} {count}")
        async def body(): ...

        await body()
        await step.sleep(f"wait for {name}", "1 day")

    async def work_for(self, step, tenant):
        await self.work(step, f"pay {tenant}", 2)

    async def nap(self, step, seconds):
        await step.sleep("nap", seconds)
"""


def remarks(*calls: str) -> list[tuple[str, ...]]:
    """Return the remarks on all calls in a workflow, those in functions last."""
    workflow = analyze_source(SOURCE.replace("$calls", "\n        ".join(calls))).workflows[0]
    assert workflow.graph is not None
    calls_in_graph = (part for part in parts_of(workflow.graph) if part.get("type") == "function_call")
    return [workflow.details.remarks(call) for call in calls_in_graph]


def test_arguments_and_defaults_name_steps() -> None:
    assert remarks('await self.work(step, "pay")', 'await self.work(step, "ship", count=3)') == [
        ('step "pay 0", sleep "wait for pay"',),
        ('step "ship 3", sleep "wait for ship"',),
    ]


def test_a_name_in_two_branches_is_shown_once() -> None:
    branches = 'if name:\n            await step.sleep(f"nap {name}", 5)\n        else:\n            '
    source = SOURCE.replace('await step.sleep("nap", seconds)', f'{branches}await step.sleep(f"nap {{name}}", 9)')
    source = source.replace("def nap(self, step, seconds)", "def nap(self, step, name)")
    (workflow,) = analyze_source(source.replace("$calls", 'await self.nap(step, "a")')).workflows
    assert workflow.graph is not None
    (call,) = (part for part in parts_of(workflow.graph) if part.get("type") == "function_call")
    assert workflow.details.remarks(call) == ('sleep "nap a"',)


def test_only_complete_names_are_shown() -> None:
    assert remarks('await self.work(step, "pay", event["n"])') == [('sleep "wait for pay"',)]


def test_constant_names_need_no_remark() -> None:
    assert remarks("await self.nap(step, 5)") == [()]


@pytest.mark.parametrize(
    ("calls", "remark"),
    [
        (['await self.work_for(step, "eu")'], ('step "pay eu 2", sleep "wait for pay eu"',)),
        (['await self.work_for(step, "eu")', 'await self.work_for(step, "us")'], ()),
    ],
)
def test_calls_pass_arguments_on(calls: list[str], remark: tuple[str, ...]) -> None:
    inner, *_ = remarks(*calls)
    assert inner == remark


@pytest.mark.parametrize(
    ("names", "remark"),
    [
        ('"a", "b"', ('steps "a 0", "b 0", sleeps "wait for a", "wait for b"',)),
        ('"a", "b", "c"', ('steps "a 0", "b 0", "c 0", sleep "wait for a", 2 more',)),
    ],
)
def test_listed_arguments_name_the_steps_of_each_pass(names: str, remark: tuple[str, ...]) -> None:
    listed = """
    async def all(self, step, *names):
        for name in names:
            await self.work(step, name)
"""
    source = (SOURCE + listed).replace("$calls", f"await self.all(step, {names})")
    (workflow,) = analyze_source(source).workflows
    assert workflow.graph is not None
    calls = (part for part in parts_of(workflow.graph) if part.get("type") == "function_call")
    inner, outer = (workflow.details.remarks(call) for call in calls)
    assert (inner, outer) == (remark, ())


PACK = """
from dataclasses import dataclass
from workers import WorkflowEntrypoint

@dataclass
class Item:
    name: str

class W(WorkflowEntrypoint):
    async def run(self, event, step):
        self.step = step
        await self.pack(event["payload"])

    async def pack(self, item):
        if isinstance(item, Item):
            @self.step.do(f"pack {item.name}")
            async def body(): ...

            await body()
"""


def test_unknown_arguments_of_methods_that_define_steps_in_branches_name_no_steps() -> None:
    workflow = analyze_source(PACK).workflows[0]
    assert workflow.graph is not None
    call = workflow.graph["workflow"]["nodes"][0]
    assert workflow.details.remarks(call) == ()
