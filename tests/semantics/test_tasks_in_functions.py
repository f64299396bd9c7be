"""Tasks that functions start or await, and coroutines that they return."""

from __future__ import annotations

import textwrap

import pytest

from tests.semantics.notation import graph_of, text, workflow_of


def _graph_with_await_in(finishing: str, call: str) -> str:
    """Return the graph of a task that a function with this body awaits, followed by another step."""
    return graph_of(f"""
{textwrap.indent(textwrap.dedent(finishing), " " * 8)}
        t = asyncio.create_task(a())
        await b()
        await {call}
        await c()
    """)


def test_a_task_awaited_in_a_function_ends_with_its_call() -> None:
    finishing = """
        async def finish(task):
            await task
    """
    assert _graph_with_await_in(finishing, "finish(t)") == text("""
        parallel all
          a [1>3]
          b [1>2]
        c
    """)


def test_a_function_ends_after_the_task_it_awaits() -> None:
    finishing = """
        async def finish(task):
            await d()
            await task
    """
    assert _graph_with_await_in(finishing, "finish(t)") == text("""
        parallel all
          a [1>3]
          b [1>2]
          call finish [2>3]
        c
        def finish
          d
    """)


def test_a_task_ends_with_the_task_that_awaits_it() -> None:
    finishing = """
        async def finish(task):
            await task
    """
    assert _graph_with_await_in(finishing, "asyncio.create_task(finish(t))") == text("""
        parallel all
          a [1>3]
          b [1>2]
        c
    """)


def test_tasks_awaited_in_nested_calls_end_with_the_call() -> None:
    finishing = """
        async def finish(tasks):
            for task in tasks:
                await task

        async def settle(*tasks):
            await finish(tasks)
    """
    assert _graph_with_await_in(finishing, "settle(t)") == text("""
        parallel all
          a [1>3]
          b [1>2]
        c
    """)


def test_a_task_awaited_on_some_paths_of_a_function_is_pending() -> None:
    finishing = """
        async def finish(task):
            if x:
                return
            await task
    """
    assert _graph_with_await_in(finishing, "finish(t)") == text("""
        parallel all
          a [1>]
          b [1>2]
          c [2>3]
    """)


def test_a_sleep_awaited_by_a_function_ends_with_its_call() -> None:
    assert graph_of("""
        async def timed(work):
            return await work
        await timed(step.sleep("nap", 10))
        await a()
    """) == text("""
        sleep 'nap' 10
        a
    """)


def test_a_returned_coroutine_runs_at_its_await() -> None:
    assert graph_of("""
        def begun():
            return a()

        async def timed(work):
            return await work

        await timed(begun())
    """) == text("""
        call timed(begun)
        def timed(begun)
          call begun
        def begun
          a
    """)


@pytest.mark.parametrize("call", ["begun()", "call = lambda: begun()\ncall()"])
def test_a_returned_coroutine_without_await_is_reported(call: str) -> None:
    workflow = workflow_of(f"def begun():\n    return a()\n\n{call}\n")
    assert [note.code for note in workflow.notes] == ["never-awaited"]
    assert workflow.complete
