"""Concurrent steps and their clocks."""

from __future__ import annotations

import pytest

from tests.semantics.notation import graph_of, text


def test_members_of_a_gather_are_concurrent() -> None:
    assert graph_of("""
        await asyncio.gather(a(), b())
        await c()
    """) == text("""
        parallel all
          a [1>2]
          b [1>2]
        c
    """)


def test_a_gather_of_one_step_is_that_step() -> None:
    assert graph_of("await asyncio.gather(a())") == "a"


def test_a_gather_in_a_gather_is_a_nested_parallel() -> None:
    assert graph_of("await asyncio.gather(a(), asyncio.gather(b(), c(), return_exceptions=True))") == text("""
        parallel all
          a [1>2]
          parallel all_settled
            b [1>2]
            c [1>2]
    """)


def test_a_task_is_pending_until_it_is_awaited() -> None:
    assert graph_of("""
        task = asyncio.create_task(a())
        if ready:
            await b()
        await task
        await c()
    """) == text("""
        parallel all
          a [1>3]
          if ready
            b [1>2]
        c
    """)


def test_a_task_awaited_on_some_paths_may_be_pending() -> None:
    assert graph_of("""
        task = asyncio.create_task(a())
        if ready:
            await task
        await b()
    """) == text("""
        parallel all
          a [1>]
          b [2>3]
    """)


def test_a_coroutine_starts_at_its_await() -> None:
    assert graph_of("""
        first = a()
        await b()
        await first
    """).splitlines() == ["b", "a"]


def test_tasks_of_a_loop_end_when_they_are_gathered() -> None:
    assert graph_of("""
        tasks = []
        for row in rows:
            tasks.append(asyncio.create_task(a()))
        await asyncio.gather(*tasks)
        for task in [asyncio.create_task(b()) for row in rows]:
            await task
    """) == text("""
        parallel all
          loop
            a [1>2]
        parallel all
          loop
            b [2>3]
    """)


def test_a_race_ends_at_its_await_with_an_unknown_winner() -> None:
    assert graph_of("""
        await asyncio.wait({asyncio.create_task(a()), asyncio.create_task(b())}, return_when=asyncio.FIRST_COMPLETED)
        await c()
    """) == text("""
        parallel race
          a [1>]
          b [1>]
        c
    """)


@pytest.mark.parametrize("keyword", ["if", "while"])
def test_the_pending_set_of_a_wait_is_used_by_the_next_pass(keyword: str) -> None:
    assert graph_of(f"""
        running = set()
        for row in rows:
            {keyword} len(running) > 2:
                done, running = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
                results.extend(task.result() for task in done)
            running.add(asyncio.create_task(a()))
        await b()
    """) == text("""
        loop
          parallel all
            a [1>]
        b
    """)


@pytest.mark.parametrize(
    ("empty", "filtered", "add"),
    [
        ("[]", "[task for task in running if not task.done()]", "append"),
        ("set()", "{task for task in running if not task.done()}", "add"),
    ],
)
def test_a_pool_that_a_comprehension_filters(empty: str, filtered: str, add: str) -> None:
    assert graph_of(f"""
        running = {empty}
        for row in rows:
            while len(running) > 2:
                await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
                running = {filtered}
            running.{add}(asyncio.create_task(a()))
        await asyncio.gather(*running)
        await b()
    """) == text("""
        parallel all
          loop
            a [1>]
          b [2>3]
    """)


@pytest.mark.parametrize("keyword", ["if", "while"])
def test_a_pool_that_waits_for_a_free_place(keyword: str) -> None:
    assert graph_of(f"""
        class Pool:
            def __init__(self):
                self.running = set()

            async def add(self, coroutine):
                {keyword} len(self.running) > 2:
                    done, self.running = await asyncio.wait(self.running, return_when=asyncio.FIRST_COMPLETED)
                self.running.add(asyncio.create_task(coroutine))

        pool = Pool()
        for row in rows:
            await pool.add(a())
        await asyncio.wait(pool.running)
    """) == text("""
        loop
          call add(a)
        def add(a)
          parallel all
            a [1>]
    """)


def test_a_task_group_filled_in_a_loop_with_other_writes() -> None:
    assert graph_of("""
        failed = []

        async def guarded(row):
            try:
                return await a()
            except Exception:
                failed.append(row)
                await b()

        async with asyncio.TaskGroup() as group:
            for row in ("x", "y"):
                group.create_task(guarded(row))
    """) == text("""
        parallel all
          loop
            call guarded [1>2]
        def guarded
          try
            a
          catch
            b
    """)


def test_continue_does_not_end_a_loop_over_completed_tasks() -> None:
    assert graph_of("""
        for future in asyncio.as_completed([a(), b()]):
            try:
                await future
            except ValueError:
                continue
            await c()
        await d()
    """) == text("""
        parallel all
          a [1>3]
          b [1>3]
          loop
            if no continue
              c [1>2]
        d
    """)


def test_lists_that_are_filled_by_one_loop_are_one_loop() -> None:
    """Each batch is a new list, but all of them hold calls from the same place."""
    assert graph_of("""
        batch = []
        for row in rows:
            batch.append(a())
            if len(batch) == 10:
                await asyncio.gather(*batch)
                batch = []
        if batch:
            await asyncio.gather(*batch)
        await b()
    """) == text("""
        loop
          if len(batch) == 10
            parallel all
              loop
                a [1>2]
        if batch
          parallel all
            loop
              a [2>3]
        b
    """)


def test_lists_that_different_loops_fill_are_a_choice() -> None:
    assert graph_of("""
        if x:
            jobs = [a() for row in rows]
        else:
            jobs = [b() for row in rows]
        await asyncio.gather(*jobs)
    """) == text("""
        parallel all
          if x
            loop
              a [1>2]
          else
            loop
              b [1>2]
    """)


TIMER = """
work = asyncio.create_task(a())
{head}
    timer = asyncio.create_task(b())
    await asyncio.wait({{work, timer}}, return_when=asyncio.FIRST_COMPLETED)
    await c()
{await_}
await d()
"""


@pytest.mark.parametrize(("head", "block"), [("for x in xs:", "loop"), ("if x:", "if x")])
def test_a_raced_task_ends_at_a_later_await(head: str, block: str) -> None:
    assert graph_of(TIMER.format(head=head, await_="await work")) == text(f"""
        parallel all
          a [1>4]
          {block}
            b [1>]
            c [2>3]
        d
    """)


@pytest.mark.parametrize("await_", ["", "if y:\n    await work", "await asyncio.wait([work], timeout=5)"])
def test_a_raced_task_without_a_certain_await_does_not_end(await_: str) -> None:
    assert "a [1>]" in graph_of(TIMER.format(head="for x in xs:", await_=await_))
