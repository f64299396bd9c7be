"""Dependencies of functions that run concurrently, and of tasks that functions start."""

from __future__ import annotations

from tests.semantics.notation import (
    dependent_graph_of,
    text,
)


def test_steps_run_in_a_function_count_for_its_caller() -> None:
    body = """
        async def first():
            await b()

        async def second():
            await c()

        await first()
        await second()
        await d()
    """
    assert dependent_graph_of("a b(a) c(a) d(a)", body) == text("""
        call first
        call second
        d
        def first
          a
          b
        def second
          c
    """)


def test_tasks_pending_after_a_function_may_run_later() -> None:
    body = """
        async def start():
            task = asyncio.create_task(b())

        await start()
        await c()
        await b()
    """
    assert dependent_graph_of("a b(a) c", body) == text("""
        call start
        c
        if a has not run
          a
        b
        def start
          parallel all
            if a has not run
              a [1>]
            b [1>]
    """)


def test_the_first_concurrent_function_runs_shared_dependencies() -> None:
    body = """
        async def first():
            await b()

        async def second():
            await c()

        await asyncio.gather(first(), second())
    """
    assert dependent_graph_of("a b(a) c(a)", body) == text("""
        parallel all
          call first [1>2]
          call second [1>2]
        def first
          a
          b
        def second
          c
    """)


def test_a_task_waits_for_dependencies_started_by_a_function() -> None:
    body = """
        async def first():
            await a()

        task = asyncio.create_task(first())
        other = asyncio.create_task(b())
        await c()
        await task
        await other
    """
    assert dependent_graph_of("a b(a) c", body) == text("""
        parallel all
          call first [1>3]
          b [1>4]
          c [1>2]
        def first
          a
    """)


def test_a_later_dependency_of_a_function_may_have_run() -> None:
    body = """
        async def first():
            await d()
            await b()

        await asyncio.gather(first(), c())
    """
    assert dependent_graph_of("a b(a) c(a) d", body) == text("""
        parallel all
          call first [1>2]
          block
            a
            c
        def first
          d
          if a has not run
            a
          b
    """)


def test_an_awaited_step_starts_before_concurrent_functions() -> None:
    body = """
        async def first():
            await c()

        task = asyncio.create_task(first())
        await d()
        await task
    """
    assert dependent_graph_of("a b c(a, b) d(a, b)", body) == text("""
        parallel all
          call first [1>5]
          a [1>2]
          if b has not run
            b [2>3]
          d [3>4]
        def first
          if b has not run
            b
          c
    """)


def test_a_finished_function_does_not_overlap_later_steps() -> None:
    body = """
        async def first():
            await b()

        task = asyncio.create_task(first())
        await task
        await a()
    """
    assert dependent_graph_of("a b(a)", body) == text("""
        call first
        a
        def first
          a
          b
    """)
