"""Queued tasks begin only at an await that suspends."""

from __future__ import annotations

import pytest

from tests.semantics.notation import dependent_graph_of, text

PLAIN = "async def plain():\n    return 1\n\n"
SLEEPER = "async def pause():\n    await asyncio.sleep(0)\n\n"
QUEUED = "t = asyncio.create_task(a())\n"
USE = "\nawait b()\nawait t"

BOTH_RUN = text("""
    parallel all
      a [1>4]
      a [1>2]
      b [2>3]
""")
SHARED = text("""
    a
    b
""")
UNKNOWN = text("""
    parallel all
      a [1>4]
      if a has not run
        a [1>2]
      b [2>3]
""")


@pytest.mark.parametrize(
    "awaited",
    [
        "await plain()",
        "await asyncio.gather()",
        "await asyncio.wait_for(plain(), 5)",
        "async with asyncio.timeout(5):\n    await plain()",
        "coroutine = plain()\nawait coroutine",
        "x = await plain() + 1",
        "if await plain():\n    pass",
    ],
)
def test_a_task_stays_queued_without_suspension(awaited: str) -> None:
    assert dependent_graph_of("a b(a)", PLAIN + QUEUED + awaited + USE) == BOTH_RUN


@pytest.mark.parametrize(
    "awaited",
    ["await asyncio.sleep(0)", "await pause()", "await asyncio.gather(pause())", "await asyncio.wait([pause()])"],
)
def test_a_task_begins_at_a_suspension(awaited: str) -> None:
    assert dependent_graph_of("a b(a)", SLEEPER + QUEUED + awaited + USE) == SHARED


@pytest.mark.parametrize(
    "awaited",
    [
        "await self.env.KV.get('x')",
        "async with self.env.LOCK:\n    pass",
        "async for x in self.env.DB.rows():\n    pass",
        "async for x in yielding():\n    pass",
        "x = (await pause()) if event else 1",
        "while await pause():\n    pass",
        "async with asyncio.TaskGroup() as group:\n    group.create_task(pause())",
        "await (pause() if event else plain())",
        "await asyncio.Event().wait()",
    ],
)
def test_a_task_may_begin_at_an_await_that_may_suspend(awaited: str) -> None:
    generator = "async def yielding():\n    await asyncio.sleep(0)\n    yield 1\n\n"
    assert dependent_graph_of("a b(a)", PLAIN + SLEEPER + generator + QUEUED + awaited + USE) == UNKNOWN


def test_a_gather_of_plain_work_suspends_before_a_direct_call() -> None:
    graph = dependent_graph_of(
        "a b(a)", f"{PLAIN}t = asyncio.create_task(b())\nawait asyncio.gather(plain())\nawait a()\nawait t"
    )
    assert graph == text("""
        parallel all
          block
            a
            b
          a [1>2]
    """)


def test_a_direct_call_precedes_a_task_that_is_still_queued() -> None:
    graph = dependent_graph_of("a b(a)", f"{PLAIN}t = asyncio.create_task(b())\nawait plain()\nawait a()\nawait t")
    assert graph == text("""
        parallel all
          b [1>3]
          a [1>2]
    """)


def test_a_function_that_pauses_first_has_not_begun_its_step() -> None:
    work = "async def work():\n    await asyncio.sleep(0)\n    await a()\n\n"
    graph = dependent_graph_of("a b(a)", f"{work}t = asyncio.create_task(work())\nawait asyncio.sleep(0){USE}")
    assert graph == text("""
        parallel all
          call work [1>4]
          if a has not run
            a [1>2]
          b [2>3]
        def work
          a
    """)


def test_a_call_that_starts_a_task_does_not_suspend() -> None:
    start = "def start():\n    return [asyncio.create_task(c())]\n\n"
    graph = dependent_graph_of("a b(a) c", f"{start}{QUEUED}tasks = start(){USE}\nawait tasks[0]")
    assert graph == text("""
        parallel all
          a [1>4]
          call start [1>5]
          a [1>2]
          b [2>3]
        def start
          c
    """)


def test_a_function_suspends_if_it_awaits_a_task_it_started() -> None:
    work = "async def work():\n    task = asyncio.create_task(c())\n    await task\n\n"
    graph = dependent_graph_of("a b(a) c", f"{work}{QUEUED}await work(){USE}")
    assert graph == text("""
        parallel all
          a [1>3]
          call work [1>2]
        b
        def work
          c
    """)
