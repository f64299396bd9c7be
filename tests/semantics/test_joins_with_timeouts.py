"""Awaits with timeouts, and members of groups that are canceled."""

from __future__ import annotations

import pytest

from tests.semantics.notation import graph_of, text, workflow_of

TWO = "t = asyncio.create_task(a())\nu = asyncio.create_task(b())\n"


def test_a_task_awaited_again_after_a_timeout_ends() -> None:
    assert graph_of(f"""{TWO}
await asyncio.wait([t, u], timeout=5)
await c()
await asyncio.wait([t, u])
await d()
""") == text("""
        parallel all
          a [1>3]
          b [1>3]
          c [1>2]
        d
    """)


@pytest.mark.parametrize(
    "cut",
    ["await asyncio.wait_for(a(), 5)", "async with asyncio.timeout(5):\n    await a()", f"{TWO}t.cancel()\nawait u"],
    ids=["wait_for", "timeout", "cancel"],
)
def test_a_cancelled_step_that_continues_is_reported(cut: str) -> None:
    workflow = workflow_of(cut)
    assert [note.code for note in workflow.notes] == ["canceled-step"]
    assert workflow.complete


@pytest.mark.slow
def test_a_sleep_with_a_timeout_needs_no_remark() -> None:
    assert workflow_of("await asyncio.wait_for(step.sleep('pause', '1 day'), 5)").notes == ()


def test_a_wait_without_a_limit_cuts_nothing_short() -> None:
    assert workflow_of("await asyncio.wait_for(a(), timeout=None)").notes == ()


def test_members_of_a_gather_may_be_limited_in_time() -> None:
    assert graph_of("""
        limited = asyncio.wait_for(a(), None)
        await asyncio.gather(limited, b())
    """) == text("""
        parallel all
          a [1>2]
          b [1>2]
    """)


def test_tasks_with_timeouts_end_with_the_loop_that_awaits_them() -> None:
    assert graph_of("""
        limited = [asyncio.wait_for(asyncio.create_task(a()), 5) for row in rows]
        for work in limited:
            await work
        await b()
    """) == text("""
        parallel all
          loop
            a [1>2]
        b
    """)


def _notes(body: str) -> list[str]:
    return [note.code for note in workflow_of(body).notes]


@pytest.mark.parametrize(
    "settled",
    [
        "await asyncio.gather(asyncio.wait_for(a(), 5), b(), return_exceptions=True)",
        "await asyncio.wait([asyncio.create_task(asyncio.wait_for(a(), 5)), asyncio.create_task(b())])",
    ],
)
def test_a_task_cut_short_by_a_timeout_may_be_pending(settled: str) -> None:
    body = f"{settled}\nawait c()"
    assert graph_of(body) == text("""
        parallel all
          parallel all_settled
            a [1>]
            b [1>2]
          c [2>3]
    """)
    assert _notes(body) == ["canceled-step"]


def test_a_task_awaited_with_a_timeout_may_be_pending() -> None:
    assert graph_of("""
        task = asyncio.create_task(asyncio.wait_for(a(), 5))
        await asyncio.wait([task])
        await c()
    """) == text("""
        parallel all
          a [1>]
          c [2>3]
    """)


def test_work_without_a_timeout_ends_when_it_settles() -> None:
    body = "await asyncio.gather(asyncio.wait_for(a(), None), b(), return_exceptions=True)\nawait c()"
    assert graph_of(body) == text("""
        parallel all_settled
          a [1>2]
          b [1>2]
        c
    """)
    assert _notes(body) == []


def test_a_timeout_in_a_gather_that_fails_is_reported() -> None:
    assert _notes("await asyncio.gather(asyncio.wait_for(a(), 5), b())\nawait c()") == ["canceled-step"]


CLEANUP = """
async def member():
    try:
        await a()
    {cleanup}:
        await d()

async with asyncio.TaskGroup() as group:
    group.create_task(member())
    group.create_task(b())
"""


@pytest.mark.parametrize("cleanup", ["finally", "except BaseException", "except", "except asyncio.CancelledError"])
def test_steps_after_a_canceled_group_member_are_reported(cleanup: str) -> None:
    assert _notes(CLEANUP.format(cleanup=cleanup)) == ["canceled-step"]


def test_canceled_group_members_that_end_are_not_reported() -> None:
    assert _notes(CLEANUP.format(cleanup="except ValueError")) == []
    assert _notes(CLEANUP.format(cleanup="finally").replace("    group.create_task(b())\n", "")) == []
