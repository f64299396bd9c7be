"""Tasks that await tasks of other code: these tasks are finished for the awaiting task only."""

from __future__ import annotations

from tests.semantics.notation import graph_of, text

WORK = """
plan = a

async def work():
    nonlocal plan
    await d()
    plan = b

first = asyncio.create_task(work())
"""


def test_a_task_that_another_task_awaits_runs_beside_its_starter() -> None:
    assert graph_of(
        """
        async def use():
            await first
            await plan()

        second = asyncio.create_task(use())
        await plan()
        await asyncio.gather(first, second)
        """,
        after=WORK,
    ) == text("""
        parallel all
          call work [1>3]
          call use [1>3]
          switch plan
          | case a
            a [1>2]
          | case b
            b [1>2]
        def work
          d
        def use
          b
    """)


def test_code_sees_the_writes_of_a_task_and_its_awaited_task() -> None:
    assert graph_of(
        """
        async def use():
            nonlocal plan
            await first
            plan = c

        second = asyncio.create_task(use())
        await plan()
        await second
        """,
        after=WORK,
    ) == text("""
        parallel all
          call work [1>3]
          switch plan
          | case b
            b [1>2]
          | case c
            c [1>2]
          | case a
            a [1>2]
        def work
          d
    """)


def test_a_task_awaited_by_a_task_reads_values_written_later() -> None:
    assert graph_of("""
        plan = a

        async def work():
            await d()
            await plan()

        first = asyncio.create_task(work())

        async def use():
            await first
            await c()

        second = asyncio.create_task(use())
        plan = b
        await second
        await a()
    """) == text("""
        parallel all
          call work [1>2]
          call use [1>2]
        a
        def work
          d
          switch plan
          | case b
            b
          | case a
            a
        def use
          c
    """)


def test_a_step_in_flight_that_awaits_a_task_leaves_it_in_flight() -> None:
    assert graph_of(
        """
        @step.do("use")
        async def use():
            await first

        second = asyncio.create_task(use())
        await plan()
        await second
        """,
        after=WORK,
    ) == text("""
        parallel all
          call work [1>]
          use [1>3]
          switch plan
          | case a
            a [1>2]
          | case b
            b [1>2]
        def work
          d
    """)


def test_a_returned_coroutine_leaves_its_awaited_task_in_flight() -> None:
    assert graph_of(
        """
        async def use():
            await first
            await c()

        def prepare():
            return use()

        coroutine = prepare()
        await plan()
        await coroutine
        """,
        after=WORK,
    ) == text("""
        parallel all
          call work [1>3]
          switch plan
          | case a
            a [1>2]
          | case b
            b [1>2]
          call prepare [2>3]
        def work
          d
        def prepare
          call use
        def use
          c
    """)


def test_a_returned_group_leaves_tasks_of_the_caller_in_flight() -> None:
    assert graph_of(
        """
        def join():
            return asyncio.gather(first, c())

        group = join()
        await plan()
        await group
        """,
        after=WORK,
    ) == text("""
        parallel all
          call work [1>3]
          call join [1>3]
          switch plan
          | case a
            a [1>2]
          | case b
            b [1>2]
        def work
          d
        def join
          c
    """)


def test_a_dependency_leaves_its_awaited_task_in_flight() -> None:
    assert graph_of(
        """
        @step.do("wait")
        async def wait():
            await first

        @step.do("use")
        async def use():
            await plan()

        @step.do("end", concurrent=True)
        async def end(wait, use):
            return 1

        await end()
        """,
        after=WORK,
    ) == text("""
        parallel all
          call work [1>]
          wait [1>2]
          use [1>2]
            switch plan
            | case a
              a
            | case b
              b
          end [2>3]
        def work
          d
    """)
