"""Functions that are called again after a change of what they read."""

from __future__ import annotations

import pytest

from tests.semantics.notation import graph_of_module, text, workflow_of_module

HEAD = """
from workers import WorkflowEntrypoint

async def a(step):
    await step.sleep("a", 1)

async def b(step):
    await step.sleep("b", 1)
"""

REGISTRY = """
class Registry:
    def __init__(self, *jobs):
        self.jobs = {"x": [*jobs]}
"""

RUN = """
class W(WorkflowEntrypoint):
    async def run(self, event, step):
        registry = Registry(a)
        await self.use(step, registry)
        {change}
        await self.use(step, registry)

    async def use(self, step, registry):
        for job in registry.jobs["x"]:
            await job(step)
"""


@pytest.mark.parametrize(
    "change", ["registry.jobs['x'].append(b)", "registry.jobs['x'][0] = b", "registry.jobs = {'x': [b]}"]
)
def test_a_change_of_a_nested_collection(change: str) -> None:
    assert "sleep 'b' 1" in graph_of_module(HEAD + REGISTRY + RUN.format(change=change))


def test_a_change_of_another_collection() -> None:
    graph = graph_of_module(HEAD + REGISTRY + RUN.format(change="other = [a]\n        other.append(b)"))
    assert "sleep 'b' 1" not in graph


def test_a_change_on_another_branch() -> None:
    source = """
        class W(WorkflowEntrypoint):
            async def run(self, event, step):
                self.job = a
                if event:
                    self.job = b
                    await self.use(step)
                else:
                    await self.use(step)

            async def use(self, step):
                await self.job(step)
    """
    assert graph_of_module(HEAD + text(source)) == text("""
        if event
          call use
        else
          call use #2
        def use
          call b
        def b
          sleep 'b' 1
        def use #2
          call a
        def a
          sleep 'a' 1
    """)


def test_a_global_that_run_rebinds() -> None:
    source = """
        job = None

        async def use(step):
            await job(step)

        class W(WorkflowEntrypoint):
            async def run(self, event, step):
                global job
                job = a
                await use(step)
                job = b
                await use(step)
    """
    assert "sleep 'b' 1" in graph_of_module(HEAD + text(source))


def test_a_list_that_is_reversed() -> None:
    source = """
        class W(WorkflowEntrypoint):
            async def run(self, event, step):
                self.jobs = [a, b]
                await self.use(step)
                self.jobs.reverse()
                await self.use(step)

            async def use(self, step):
                await self.jobs[0](step)
    """
    assert "sleep 'b' 1" in graph_of_module(HEAD + text(source))


def test_a_list_of_a_class_that_the_first_call_reads_first() -> None:
    source = """
        class Registry:
            jobs = []

        def add():
            Registry.jobs.append(a)

        class W(WorkflowEntrypoint):
            async def run(self, event, step):
                add()
                add()
                for job in Registry.jobs:
                    await job(step)
    """
    assert graph_of_module(HEAD + text(source)).splitlines()[:2] == ["call a", "call a"]


def test_an_attribute_of_a_subclass_that_is_set_later() -> None:
    source = """
        class Base:
            job = staticmethod(a)

        class Derived(Base):
            pass

        class W(WorkflowEntrypoint):
            async def run(self, event, step):
                await self.use(step)
                Derived.job = staticmethod(b)
                await self.use(step)

            async def use(self, step):
                await Derived.job(step)
    """
    workflow = workflow_of_module(HEAD + text(source))
    assert [note.code for note in workflow.notes] == ["assigned-elsewhere"]
    assert "sleep 'b' 1" in graph_of_module(HEAD + text(source))
