"""Cancelled tasks, whose steps continue after an await of the task."""

from __future__ import annotations

import pytest

from tests.semantics.notation import graph_of, text, workflow_of


@pytest.mark.parametrize(
    "cancel",
    [
        "t.cancel()\nwith contextlib.suppress(asyncio.CancelledError): await t",
        "t.cancel()\nawait asyncio.gather(t, return_exceptions=True)",
        "t.cancel()\nawait asyncio.wait([t])",
        "for each in [t]: each.cancel()\nawait asyncio.wait([t])",
        "asyncio.get_running_loop().call_later(1, t.cancel)\nawait t",
        "for each in asyncio.all_tasks(): each.cancel()\nawait t",
    ],
)
def test_a_canceled_task_has_no_end_clock(cancel: str) -> None:
    assert graph_of(f"t = asyncio.create_task(a())\nawait b()\n{cancel}\nawait c()\n") == text("""
        parallel all
          a [1>]
          b [1>2]
          c [3>4]
    """)


def test_a_task_that_a_helper_cancels_has_no_end_clock() -> None:
    assert graph_of("""
        async def stop(task):
            task.cancel()
            await task

        t = asyncio.create_task(a())
        await b()
        await stop(t)
        await c()
    """) == text("""
        parallel all
          a [1>]
          b [1>2]
          c [2>3]
    """)


def test_a_cancelled_member_outlasts_its_task_group() -> None:
    assert graph_of("""
        async with asyncio.TaskGroup() as group:
            t = group.create_task(a())
            await b()
            t.cancel()
        await c()
    """) == text("""
        parallel all
          a [1>]
          b [1>2]
          c [3>4]
    """)


def test_pending_tasks_of_a_wait_can_be_cancelled() -> None:
    assert graph_of("""
        tasks = [asyncio.create_task(a()), asyncio.create_task(b())]
        done, pending = await asyncio.wait(tasks, timeout=5)
        for t in pending:
            t.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await c()
    """) == text("""
        parallel all
          a [1>]
          b [1>]
          c [2>3]
    """)


def test_a_task_cancelled_after_its_await_has_ended() -> None:
    workflow = workflow_of("t = asyncio.create_task(a())\nawait t\nt.cancel()\nawait b()")
    assert workflow.complete
    assert graph_of("t = asyncio.create_task(a())\nawait t\nt.cancel()\nawait b()") == "a\nb"


@pytest.mark.parametrize(
    "cancel",
    [
        "if x:\n    t.cancel()\n    return",
        "if x:\n    for each in [t]: each.cancel()\n    raise ValueError",
        "if x:\n    t.cancel()\n    await asyncio.wait([t])\n    return",
    ],
)
def test_a_cancellation_before_a_return_affects_no_other_path(cancel: str) -> None:
    graph = graph_of(f"t = asyncio.create_task(a())\nawait b()\n{cancel}\nawait t\nawait c()")
    assert "a [1>]" not in graph
    assert graph.endswith("\nc")


@pytest.mark.parametrize(
    "cancel",
    [
        "if x: t.cancel()",
        "try:\n    if x:\n        t.cancel()\n        raise ValueError\nexcept ValueError: pass",
        "def stop(): t.cancel()\nif x:\n    asyncio.get_running_loop().call_soon(stop)",
        "while y:\n    if x:\n        t.cancel()\n        break",
    ],
)
def test_a_cancellation_on_a_path_to_the_await_counts(cancel: str) -> None:
    assert "a [1>]" in graph_of(f"t = asyncio.create_task(a())\nawait b()\n{cancel}\nawait t\nawait c()")


def test_a_cancellation_before_a_return_counts_in_the_finally() -> None:
    assert graph_of("""
        t = asyncio.create_task(a())
        try:
            await b()
            if x:
                t.cancel()
                return
        finally:
            await asyncio.wait([t])
            await c()
    """) == text("""
        parallel all
          a [1>]
          try
            b [1>2]
          finally
            c [3>4]
    """)
