"""Tasks and coroutines that plain functions return, and the variables that these share with other code."""

from __future__ import annotations

import pytest

from tests.semantics.notation import codes_of, graph_of, text


def test_code_reads_values_from_before_a_spawned_task() -> None:
    assert graph_of("""
        plan = a

        def spawn(coroutine):
            return asyncio.create_task(coroutine)

        async def work():
            nonlocal plan
            await d()
            plan = b

        task = spawn(work())
        await plan()
        await task
        await plan()
    """) == text("""
        parallel all
          call spawn(work) [1>3]
          switch plan
          | case a
            a [1>2]
          | case b
            b [1>2]
        b
        def spawn(work)
          call work
        def work
          d
    """)


def test_a_spawned_task_reads_values_written_after_its_start() -> None:
    assert graph_of("""
        hooks = []

        def background():
            async def work():
                await d()
                for hook in list(hooks):
                    await hook()

            return work()

        task = asyncio.create_task(background())
        hooks.append(a)
        await b()
        await task
        await a()
    """) == text("""
        parallel all
          call background [1>3]
          b [1>2]
        a
        def background
          call work
        def work
          d
          a
    """)


def test_a_returned_task_of_the_caller_runs_until_it_is_awaited() -> None:
    assert graph_of("""
        plan = a

        async def work():
            nonlocal plan
            await d()
            plan = b

        task = asyncio.create_task(work())

        def current():
            return task

        found = current()
        await plan()
        await found
        await plan()
    """) == text("""
        parallel all
          call work [1>3]
          switch plan
          | case a
            a [1>2]
          | case b
            b [1>2]
        b
        def work
          d
    """)


def test_a_returned_coroutine_reads_values_before_its_start() -> None:
    assert graph_of("""
        plan = a

        async def work():
            await d()
            await plan()

        def prepare():
            return work()

        coroutine = prepare()
        plan = b
        await coroutine
        await a()
    """) == text("""
        call prepare
        a
        def prepare
          call work
        def work
          d
          b
    """)


def test_a_function_that_returns_a_coroutine_reads_at_its_call() -> None:
    assert graph_of("""
        plan = a

        def prepare():
            return plan()

        task = asyncio.create_task(prepare())
        plan = b
        await c()
        await task
        await plan()
    """) == text("""
        parallel all
          call prepare [1>3]
          c [1>2]
        b
        def prepare
          a
    """)


def test_recursive_calls_that_return_groups_run_concurrently() -> None:
    assert graph_of("""
        async def visit(node):
            await a()

        def walk(node):
            return asyncio.gather(visit(node), *(walk(child) for child in node["children"]))

        await walk(event["payload"])
    """) == text("""
        call walk
        def walk
          parallel all
            call visit [1>2]
            loop
              call walk [1>2]
        def visit
          a
    """)


def test_a_task_without_steps_calls_a_function_defined_later() -> None:
    assert graph_of("""
        async def work():
            await finish()

        def background():
            return asyncio.create_task(work())

        task = background()

        async def finish():
            await a()

        await task
        await finish()
    """) == text("""
        call background
        call finish
        def background
          call work
        def work
          call finish
        def finish
          a
    """)


MANAGER = """
class Manager:
    def __enter__(self): ...

    def __exit__(self, *error):
        {code}

@contextlib.contextmanager
def manager():
    yield
    {code}

"""


@pytest.mark.parametrize(("code", "codes"), [("asyncio.create_task(a())", ["context-manager"]), ("print()", [])])
@pytest.mark.parametrize(
    "body",
    [
        "with Manager():\n        return b()",
        "with manager():\n        return b()",
        "try:\n        return b()\n    finally:\n        {code}",
    ],
)
def test_an_exit_before_the_returned_awaitable_is_reported(body: str, code: str, codes: list[str]) -> None:
    function = f"{MANAGER}def go():\n    {body}\n\n".replace("{code}", code)
    assert codes_of(f"{function}await go()") == codes


def test_an_exit_after_the_awaited_coroutine_is_not_reported() -> None:
    function = f"{MANAGER}async def go():\n    with Manager():\n        return await b()\n\n"
    assert codes_of(f"{function}await go()".replace("{code}", "asyncio.create_task(a())")) == []
