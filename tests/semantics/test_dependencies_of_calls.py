"""Dependencies of steps in functions whose calls run concurrently."""

from __future__ import annotations

import textwrap
from typing import Final

import pytest

from tests.semantics.notation import dependent_graph_of, dependent_workflow_of, text


@pytest.mark.parametrize(
    "start",
    [
        "await asyncio.gather(*(work() for x in xs))",
        "tasks = [asyncio.create_task(work()) for x in xs]\nawait asyncio.gather(*tasks)",
        "async with asyncio.TaskGroup() as group:\n    for x in xs:\n        group.create_task(work())",
    ],
    ids=["gather", "tasks", "group"],
)
def test_calls_of_a_loop_share_a_dependency(start: str) -> None:
    assert dependent_graph_of("a b(a)", f"async def work():\n    await b()\n\n{start}") == text("""
        parallel all
          loop
            call work [1>2]
        def work
          if a has not run
            a
          b
    """)


@pytest.mark.parametrize(
    ("body", "shown"),
    [
        ("if flip():\n    await b()", "if flip()\n  if a has not run\n    a\n  b"),
        ("if flip():\n    return\nawait b()", "if flip()\n  return\nif a has not run\n  a\nb"),
        ("await (b if flip() else c)()", "if flip()\n  if a has not run\n    a\n  b\nelse\n  c"),
    ],
    ids=["branch", "return", "choice"],
)
def test_an_earlier_task_may_begin_a_dependency_at_once(body: str, shown: str) -> None:
    work = f"async def work():\n{textwrap.indent(body, '    ')}\n"
    assert dependent_graph_of("a b(a) c", f"{work}\nawait asyncio.gather(work(), work())") == (
        "parallel all\n  call work [1>2]\n  call work [1>2]\ndef work\n" + textwrap.indent(shown, "  ")
    )


def test_awaited_function_may_begin_dependency_before_task() -> None:
    helpers = "async def first():\n    await a()\n\nasync def second():\n    await b()\n\n"
    body = f"{helpers}task = asyncio.create_task(second())\nawait first()\nawait task"
    assert dependent_graph_of("a b(a)", body) == text("""
        parallel all
          call second [1>3]
          call first [1>2]
        def second
          if a has not run
            a
          b
        def first
          a
    """)


def test_a_task_may_find_a_dependency_that_another_call_declares() -> None:
    body = """
        async def work():
            @step.do()
            async def a(): ...
            @step.do()
            async def b(a): ...
            task = asyncio.create_task(b())
            await task

        await asyncio.gather(work(), work())
    """
    assert dependent_graph_of("", body) == text("""
        parallel all
          call work [1>2]
          call work [1>2]
        def work
          if a has not run
            a
          b
    """)


_SHARED_NAME: Final = """
async def work():
    @step.do()
    async def a(): ...
    @step.do()
    async def b(a): ...
    await step.sleep("x", 1)
    await b()

"""


def test_overlapping_functions_may_find_each_others_dependencies() -> None:
    body = """
        async def other():
            @step.do()
            async def a(): ...
            @step.do()
            async def c(a): ...
            await step.sleep("y", 1)
            await c()

        await asyncio.gather(work(), other())
    """
    assert dependent_graph_of("", _SHARED_NAME + textwrap.dedent(body)) == text("""
        parallel all
          call work [1>2]
          call other [1>2]
        def work
          sleep 'x' 1
          if a has not run
            a
          b
        def other
          sleep 'y' 1
          if a has not run
            a
          c
    """)


def test_run_may_find_a_dependency_of_an_overlapping_call() -> None:
    body = """
        @step.do()
        async def a(): ...
        @step.do()
        async def c(a): ...
        await asyncio.gather(work(), c())
    """
    assert dependent_graph_of("", _SHARED_NAME + textwrap.dedent(body)) == text("""
        parallel all
          call work [1>2]
          block
            if a has not run
              a
            c
        def work
          sleep 'x' 1
          if a has not run
            a
          b
    """)


def test_methods_of_two_objects_may_share_dependencies() -> None:
    body = """
        class Job:
            def __init__(self, name):
                self.name = name

            async def work(self):
                @step.do()
                async def a(): ...
                @step.do()
                async def b(a): ...
                await step.sleep("x", 1)
                await b()

        await asyncio.gather(Job("x").work(), Job("y").work())
    """
    assert dependent_graph_of("", body) == text("""
        parallel all
          call work [1>2]
          call work [1>2]
        def work
          sleep 'x' 1
          if a has not run
            a
          b
    """)


def test_a_function_without_steps_declares_a_dependency_again() -> None:
    body = """
        def declare():
            @step.do("a")
            async def first(): ...

        declare()
        await b()
        declare()
        await b()
    """
    assert dependent_graph_of("b(a)", body).splitlines() == ["a", "b", "a", "b"]


@pytest.mark.parametrize("start", ["await a()", "task = asyncio.create_task(a())\nawait c()\nawait task"])
def test_steps_of_a_cycle_run_once(start: str) -> None:
    workflow = dependent_workflow_of("a(b) b(a) c", start)
    assert [note.code for note in workflow.notes] == ["dependency-cycle"]
