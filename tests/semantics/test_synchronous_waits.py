"""Synchronous code that waits for coroutines: Pyodide switches the stack in `run_sync` and in the loop's functions."""

from __future__ import annotations

import pytest

from tests.semantics.notation import dependent_graph_of, graph_of, text, workflow_of

RUN_SYNC = "from pyodide.ffi import run_sync\n"


@pytest.mark.parametrize(
    "function", ["asyncio.run", "asyncio.get_running_loop().run_until_complete", "pyodide.ffi.run_sync"]
)
def test_a_coroutine_runs_in_place(function: str) -> None:
    assert graph_of(f"import pyodide.ffi\nif {function}(a()):\n    await b()\n{function}(c())") == text("""
        a
        if {function}(a())
          b
        c
    """).replace("{function}", function)


def test_a_function_without_async_runs_steps() -> None:
    assert graph_of(f"""
        {RUN_SYNC}
        def poll():
            for row in rows:
                if run_sync(a()):
                    return True
            return False
        if not poll():
            await b()
    """) == text("""
        call poll
        if not poll()
          b
        def poll
          loop
            a
            if run_sync(a())
              return
    """)


def test_tasks_of_a_synchronous_wait_begin_after_earlier_ones() -> None:
    assert dependent_graph_of("a b(a)", f"{RUN_SYNC}t = asyncio.create_task(a())\nrun_sync(b())\nawait t") == text("""
        a
        b
    """)


def test_earlier_tasks_may_begin_in_a_function_that_waits() -> None:
    assert dependent_graph_of(
        "a b(a)",
        f"""
        {RUN_SYNC}
        def pause():
            run_sync(asyncio.sleep(1))
        t = asyncio.create_task(a())
        pause()
        await b()
        await t
    """,
    ) == text("""
        parallel all
          a [1>4]
          if a has not run
            a [1>2]
          b [2>3]
    """)


def test_steps_in_a_generator_expression_may_be_skipped() -> None:
    workflow = workflow_of(f"{RUN_SYNC}any(run_sync(step()) for step in (a, b))")
    assert [note.code for note in workflow.notes if note.incomplete][:1] == ["generator"]


def test_a_loop_over_a_generator_expression_may_end_early() -> None:
    workflow = workflow_of(f"{RUN_SYNC}any(run_sync(a()) for row in rows)\n[await step() for step in (b, c, d)]")
    assert [note for note in workflow.notes if note.incomplete] == []


def test_an_eager_task_may_begin_where_it_is_created() -> None:
    assert dependent_graph_of(
        "a b(a)", "t = asyncio.Task(a(), loop=asyncio.get_running_loop(), eager_start=True)\nawait b()\nawait t"
    ) == text("""
        parallel all
          a [1>4]
          if a has not run
            a [1>2]
          b [2>3]
    """)
