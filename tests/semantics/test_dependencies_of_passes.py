"""Dependencies that each pass of a loop declares again, for tasks that begin after the pass."""

from __future__ import annotations

import pytest

from tests.semantics.notation import dependent_graph_of, text

_DECLARATIONS = """
    @step.do()
    async def a(): ...
    @step.do()
    async def b(a): ...
"""


@pytest.mark.parametrize(
    ("start", "end"),
    [
        ("    tasks.append(asyncio.create_task(b()))\n", "await asyncio.gather(*tasks)\n"),
        ("    tasks.append(b())\n", "await asyncio.gather(*tasks)\n"),
        ("    tasks.append(asyncio.create_task(b()))\n", "for task in tasks:\n    await task\n"),
    ],
)
def test_a_task_may_find_the_dependency_of_a_later_pass(start: str, end: str) -> None:
    body = f"tasks = []\nfor x in xs:\n{_DECLARATIONS}{start}{end}"
    assert dependent_graph_of("", body) == text("""
        parallel all
          loop
            block
              if a has not run
                a
              b
    """)


def test_a_function_in_a_task_may_find_the_dependency_of_a_later_pass() -> None:
    body = f"""
async def work(use):
    await use()

tasks = []
for x in xs:
{_DECLARATIONS}
    tasks.append(asyncio.create_task(work(b)))
await asyncio.gather(*tasks)
"""
    assert dependent_graph_of("", body) == text("""
        parallel all
          loop
            call work(b) [1>2]
        def work(b)
          if a has not run
            a
          b
    """)


@pytest.mark.parametrize(
    ("start", "calls"),
    [
        ("return b()", "await asyncio.gather(*[work() for x in xs])"),
        ("tasks.append(asyncio.create_task(b()))", "for x in xs:\n    work()\nawait asyncio.gather(*tasks)"),
    ],
)
def test_a_task_may_find_the_dependency_of_a_later_call(start: str, calls: str) -> None:
    body = f"tasks = []\ndef work():\n{_DECLARATIONS}\n    {start}\n\n{calls}\n"
    assert dependent_graph_of("", body) == text("""
        parallel all
          loop
            call work [1>2]
        def work
          if a has not run
            a
          b
    """)


def test_a_task_may_find_the_dependency_of_another_function() -> None:
    first = f"async def first():\n{_DECLARATIONS}\n    return asyncio.create_task(b())\n\n"
    second = f"async def second():\n{_DECLARATIONS}\n    return asyncio.create_task(b())\n\n"
    calls = "t = await first()\nu = await second()\nawait t\nawait u\n"
    assert dependent_graph_of("", first + second + calls) == text("""
        parallel all
          call first [1>2]
          call second [1>3]
        def first
          if a has not run
            a
          b
        def second
          if a has not run
            a
          b
    """)


def test_a_task_may_find_a_later_dependency_of_its_function() -> None:
    body = """
        @step.do()
        async def a(): ...
        @step.do()
        async def b(a): ...
        first = asyncio.create_task(b())
        @step.do()
        async def a(): ...
        @step.do()
        async def c(a): ...
        second = asyncio.create_task(c())
        await first
        await second
    """
    assert dependent_graph_of("", body) == text("""
        parallel all
          block
            if a has not run
              a
            b
          block
            if a has not run
              a
            c
    """)


def test_a_task_may_find_the_dependency_of_a_later_function() -> None:
    body = f"""
async def work():
{_DECLARATIONS}
    return asyncio.create_task(b())

task = await work()
@step.do()
async def a(): ...
@step.do()
async def c(a): ...
await c()
await task
"""
    assert dependent_graph_of("", body) == text("""
        parallel all
          call work [1>4]
          a [1>2]
          c [2>3]
        def work
          if a has not run
            a
          b
    """)


def test_a_task_that_its_pass_awaits_finds_the_dependency_of_the_pass() -> None:
    body = f"for x in xs:\n{_DECLARATIONS}\n    await asyncio.gather(b(), step.sleep('s', 1))\n"
    assert dependent_graph_of("", body) == text("""
        loop
          parallel all
            block
              a
              b
            sleep 's' 1 [1>2]
    """)


def test_a_task_of_a_function_called_once_finds_the_dependency_of_the_call() -> None:
    body = f"""
tasks = []
def work():
{_DECLARATIONS}
    tasks.append(asyncio.create_task(b()))

work()
await asyncio.gather(*tasks)
"""
    assert dependent_graph_of("", body) == text("""
        call work
        def work
          a
          b
    """)


def test_depends_refers_to_the_dependency_of_the_pass() -> None:
    body = """
        tasks = []
        for x in xs:
            @step.do("a")
            async def a(): ...
            @step.do("b", depends=[a])
            async def b(a): ...
            tasks.append(asyncio.create_task(b()))
        await asyncio.gather(*tasks)
    """
    assert dependent_graph_of("", body) == text("""
        parallel all
          loop
            block
              a
              b
    """)
