"""Values shared by tasks and concurrent code: either value is possible while a task is pending."""

from __future__ import annotations

import pytest

from tests.semantics.notation import graph_of, graph_of_module, text


def test_an_attribute_written_by_a_pending_task_is_either_value() -> None:
    assert graph_of("""
        self.plan = a

        async def listen():
            await step.wait_for_event("switch", "switch")
            self.plan = b

        task = asyncio.create_task(listen())
        await c()
        await self.plan()
        await task
        await self.plan()
    """) == text("""
        parallel all
          call listen [1>4]
          c [1>2]
          switch plan
          | case a
            a [2>3]
          | case b
            b [2>3]
        b
        def listen
          wait 'switch' 'switch' '24 hours'
    """)


def test_a_name_written_by_a_pending_task_is_either_value() -> None:
    assert graph_of("""
        plan = [a, b]

        async def watch():
            nonlocal plan
            await d()
            plan = [c]

        task = asyncio.create_task(watch())
        for one in plan:
            await one()
        await task
    """) == text("""
        parallel all
          call watch [1>4]
          switch plan
          | case plan 1
            a [1>2]
            b [2>3]
          | case plan 2
            c [1>2]
        def watch
          d
    """)


def test_a_name_between_two_writes_of_a_task() -> None:
    assert graph_of("""
        plan = a

        async def watch():
            nonlocal plan
            plan = b
            await d()
            plan = c

        task = asyncio.create_task(watch())
        await d()
        await plan()
        await task
    """) == text("""
        parallel all
          call watch [1>4]
          d [1>2]
          switch plan
          | case a
            a [2>3]
          | case b
            b [2>3]
          | case c
            c [2>3]
        def watch
          d
    """)


def test_a_task_may_overwrite_concurrent_writes() -> None:
    assert graph_of("""
        fn = a
        await fn()

        async def task():
            nonlocal fn
            await c()
            fn = b

        t = asyncio.create_task(task())
        await d()
        fn = d
        await fn()
        await t
    """) == text("""
        a
        parallel all
          call task [1>4]
          d [1>2]
          switch fn
          | case d
            d [2>3]
          | case b
            b [2>3]
        def task
          c
    """)


@pytest.mark.slow
def test_members_of_a_gather_read_writes_of_the_others() -> None:
    source = """
        import asyncio
        from workers import WorkflowEntrypoint

        class W(WorkflowEntrypoint):
            async def run(self, event, step):
                table = {"k": self.a}

                async def upgrade():
                    await step.do("fetch")(lambda: 1)()
                    table["k"] = self.b

                await asyncio.gather(MEMBERS)
                await table["k"](step)

            async def use(self, step, table):
                await step.do("before")(lambda: 1)()
                await table["k"](step)

            async def a(self, step):
                await step.do("a")(lambda: 1)()

            async def b(self, step):
                await step.do("b")(lambda: 1)()
    """
    first = text("""
        parallel all
          call upgrade [1>2]
          call use(a, b) [1>2]
        call b
        def upgrade
          fetch
        def use(a, b)
          before
          switch table["k"]
          | case a
            call a
          | case b
            call b
        def a
          a
        def b
          b
    """)
    assert graph_of_module(source.replace("MEMBERS", "upgrade(), self.use(step, table)")) == first


def test_a_task_reads_a_name_as_it_is_when_it_begins() -> None:
    assert graph_of("""
        fn = a
        await fn()

        async def call():
            await fn()

        task = asyncio.create_task(call())
        fn = b
        await task
    """) == text("""
        a
        call call
        def call
          b
    """)


def test_a_started_task_reads_a_name_before_or_after_a_write() -> None:
    assert graph_of("""
        fn = a

        async def call():
            await c()
            await fn()

        task = asyncio.create_task(call())
        await d()
        fn = b
        await task
    """) == text("""
        parallel all
          call call [1>3]
          d [1>2]
        def call
          c
          switch fn
          | case b
            b
          | case a
            a
    """)


def test_tasks_of_one_function_read_a_name_when_they_begin() -> None:
    assert graph_of("""
        fn = a

        async def call():
            await c()
            await fn()

        tasks = []
        for one in (a, b):
            fn = one
            tasks.append(asyncio.create_task(call()))
        await asyncio.gather(*tasks)
    """) == text("""
        parallel all
          call call [1>2]
          call call [1>2]
        def call
          c
          b
    """)


def test_a_task_without_steps_is_nothing() -> None:
    assert graph_of("""
        lines = []

        async def log():
            for line in lines:
                print(line)

        task = asyncio.create_task(log())
        lines.append(1)
        await b()
        await task
    """) == text("""
        b
    """)


def test_tasks_of_a_loop_with_redeclared_steps_converge() -> None:
    assert graph_of("""
        failed = []

        async def guarded(name):
            try:
                return await step.do(name)(lambda: 1)()
            except Exception:
                failed.append(name)
                await b()

        async with asyncio.TaskGroup() as group:
            for name in ("x", "y", "z"):
                group.create_task(guarded(name))
        if failed:
            await c()
    """) == text("""
        parallel all
          loop
            call guarded [1>2]
        if failed
          c
        def guarded
          try
            {name}
          catch
            b
    """)


def test_a_task_of_a_group_reads_names_that_are_written_later() -> None:
    assert graph_of("""
        plan = a

        async def use():
            await c()
            await plan()

        async with asyncio.TaskGroup() as group:
            group.create_task(use())
            plan = b
    """) == text("""
        call use
        def use
          c
          b
    """)


def test_tasks_of_a_task_evaluated_again_read_each_others_names() -> None:
    assert graph_of("""
        plan = a

        async def outer():
            inner = a

            async def use():
                await inner()

            async def change():
                nonlocal inner
                await c()
                inner = b

            await plan()
            await asyncio.gather(use(), change())

        async def switch():
            nonlocal plan
            await d()
            plan = b

        await asyncio.gather(outer(), switch())
    """) == text("""
        parallel all
          call outer [1>2]
          call switch [1>2]
        def outer
          switch plan
          | case a
            a
          | case b
            b
          parallel all
            call use [1>2]
            call change [1>2]
        def use
          switch inner
          | case a
            a
          | case b
            b
        def change
          c
        def switch
          d
    """)


@pytest.mark.parametrize(
    "code",
    [
        "await asyncio.gather(*[use(row) for row in rows])",
        "await asyncio.gather(*map(use, rows))",
        "for task in asyncio.as_completed([use(row) for row in rows]):\n            await task",
    ],
)
def test_runs_of_a_repeated_start_read_shared_names(code: str) -> None:
    graph = graph_of(f"""
        plan = a

        async def use(row):
            nonlocal plan
            await c()
            await plan()
            plan = b

        {code}
    """)
    assert graph.endswith(
        text("""
        def use
          c
          switch plan
          | case a
            a
          | case b
            b
    """)
    )


def test_runs_of_a_repeated_start_read_names_at_a_distance() -> None:
    graph = graph_of("""
        plan, following = a, a

        async def use(row):
            nonlocal plan, following
            await c()
            await plan()
            plan = following
            following = b

        await asyncio.gather(*[use(row) for row in rows])
    """)
    assert "case b" in graph[graph.index("def use") :]
