"""Tasks that the first of several concurrent functions starts, and that all of them await."""

from __future__ import annotations

from tests.semantics.notation import graph_of, text, workflow_of


def test_concurrent_functions_await_the_task_of_a_variable() -> None:
    assert graph_of("""
        self.task = None

        async def load():
            await a()

        async def loaded():
            if self.task is None:
                self.task = asyncio.create_task(load())
            return await self.task

        async def work():
            await loaded()
            await b()

        async def check():
            await loaded()
            await c()

        await asyncio.gather(work(), check())
    """) == text("""
        parallel all
          call work [1>2]
          call check [1>2]
        def work
          call loaded
          b
        def loaded
          parallel all
            if self.task is None
              call load [1>]
        def load
          a
        def check
          call loaded
          c
    """)


def test_concurrent_functions_fill_a_table_of_tasks() -> None:
    assert workflow_of("""
        tasks = {}

        async def load(key):
            await a()

        async def loaded(key):
            if key not in tasks:
                tasks[key] = asyncio.create_task(load(key))
            return await tasks[key]

        async def work(key):
            await loaded(key)
            await b()
            await loaded("common")

        await asyncio.gather(work("one"), work("two"))
    """).complete


def test_concurrent_functions_await_tasks_that_start_tasks() -> None:
    assert workflow_of("""
        tasks = {}

        def ensure(name, function):
            if name not in tasks:
                tasks[name] = asyncio.create_task(function())
            return tasks[name]

        async def base():
            await a()

        async def report():
            await ensure("base", base)
            await b()

        await asyncio.gather(ensure("report", report), ensure("base", base), report())
    """).complete


def test_each_run_of_a_cached_task_is_awaited_under_its_first_id() -> None:
    assert graph_of("""
        self.task = None

        async def load():
            await a()

        async def work():
            self.task = asyncio.create_task(load())
            await b()
            await self.task

        async def check():
            await c()
            if self.task is not None:
                await self.task

        await asyncio.gather(work(), check())
    """) == text("""
        parallel all
          call work [1>2]
          call check [1>2]
        def work
          parallel all
            call load [1>3]
            b [1>2]
        def load
          a
        def check
          c
    """)
