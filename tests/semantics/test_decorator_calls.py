"""Decorators of functions and classes in `run` are calls."""

from __future__ import annotations

import pytest

from tests.semantics.notation import codes_of, graph_of, graph_of_module, text, workflow_of_module

LOCAL_FUNCTION = """
async def job(*args):
    await a()
"""


def test_function_appended_by_its_decorator() -> None:
    assert graph_of("""
        jobs = []
        @jobs.append
        async def job():
            await a()
        for each in jobs:
            await each()
        await b()
    """) == text("""
        call job
        b
        def job
          a
    """)


def test_class_appended_by_its_decorator() -> None:
    assert graph_of("""
        kinds = []
        @kinds.append
        class Job:
            async def go(self):
                await a()
        await kinds[0]().go()
        await b()
    """) == text("""
        call go
        b
        def go
          a
    """)


def test_attribute_set_by_a_partial_decorator() -> None:
    assert graph_of("""
        @functools.partial(setattr, self, "hook")
        async def job():
            await a()
        await self.hook()
        await b()
    """) == text("""
        call job
        b
        def job
          a
    """)


@pytest.mark.parametrize(
    ("before", "decorator", "codes"),
    [
        ("queue = asyncio.Queue()", "queue.put_nowait", ["lost-step"]),
        ("bus = self.env.BUS", "bus.subscribe", ["unknown-decorator"]),
        ("loop = asyncio.get_running_loop()", "loop.call_soon", ["unknown-decorator"]),
        ("task = asyncio.create_task(b())", "task.add_done_callback", ["escapes"]),
        ("stack = contextlib.AsyncExitStack()", "stack.push_async_callback", ["escapes"]),
    ],
)
def test_decorator_that_may_call_its_function(before: str, decorator: str, codes: list[str]) -> None:
    assert codes_of(f"{before}\n@{decorator}{LOCAL_FUNCTION}await c()") == codes


def test_decorator_of_a_function_without_steps() -> None:
    assert (
        codes_of("""
        @self.env.BUS.subscribe
        async def job(message):
            print(message)
        await a()
    """)
        == []
    )


def test_unknown_decorator_receives_the_step_object() -> None:
    """The decorator may call another function, such as another implementation of a multiple dispatch."""
    workflow = workflow_of_module("""
from acme import dispatch
from workers import WorkflowEntrypoint

@dispatch
async def send(message: int, step): ...

class W(WorkflowEntrypoint):
    async def run(self, event, step):
        await send(1, step)
        await step.sleep("end", 1)
""")
    assert [note.code for note in workflow.notes] == ["unknown-decorator"]


def test_a_manager_that_reads_the_step_object_at_each_call() -> None:
    assert graph_of_module("""
        import contextlib
        from contextvars import ContextVar
        from workers import WorkflowEntrypoint

        STEP = ContextVar("STEP")

        class Audited(contextlib.AsyncContextDecorator):
            async def __aenter__(self):
                await STEP.get().sleep("begin", 1)
            async def __aexit__(self, *error):
                await STEP.get().sleep("end", 1)

        @Audited()
        async def load():
            await STEP.get().sleep("load", 2)

        class W(WorkflowEntrypoint):
            async def run(self, event, step):
                STEP.set(step)
                await load()
    """) == text("""
        call load
        def load
          call __aenter__
          try
            sleep 'load' 2
          finally
            call __aexit__
        def __aenter__
          sleep 'begin' 1
        def __aexit__
          sleep 'end' 1
    """)
