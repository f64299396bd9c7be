"""Pending work on different paths: branches, loops, exits and exceptions."""

from __future__ import annotations

import pytest

from tests.semantics.notation import graph_of, text


def test_work_awaited_in_all_branches_ends_at_the_last_clock() -> None:
    assert graph_of("""
        t = asyncio.create_task(a())
        if x:
            await b()
            await c()
            await t
        else:
            await t
        await d()
    """) == text("""
        parallel all
          a [1>4]
          if x
            b [1>2]
            c [2>3]
          else
        d
    """)


def test_a_task_of_either_branch_ends_at_the_await_of_its_name() -> None:
    assert graph_of("""
        if x:
            t = asyncio.create_task(a())
        else:
            t = asyncio.create_task(b())
        await c()
        await t
        await d()
    """) == text("""
        parallel all
          if x
            a [1>3]
          else
            b [1>3]
          c [1>2]
        d
    """)


def test_a_conditional_await_of_two_tasks_leaves_both_pending() -> None:
    assert graph_of("""
        t = asyncio.create_task(a())
        u = asyncio.create_task(b())
        await (t if x else u)
        await c()
    """) == text("""
        parallel all
          a [1>]
          b [1>]
          c [2>3]
    """)


def test_a_task_awaited_under_a_condition_of_its_own_is_pending() -> None:
    assert graph_of("""
        t = None
        if x:
            t = asyncio.create_task(a())
        await b()
        if y:
            await t
        await c()
    """) == text("""
        parallel all
          if x
            a [1>]
          b [1>2]
          c [3>4]
    """)


@pytest.mark.parametrize("leaving", ["break", "return"])
def test_a_break_before_an_await_leaves_the_task_pending(leaving: str) -> None:
    assert graph_of(f"""
        async def inner():
            for row in rows:
                t = asyncio.create_task(a())
                await b()
                if x:
                    {leaving}
                await t
        await inner()
        await c()
    """) == text(f"""
        call inner
        c
        def inner
          loop
            parallel all
              a [1>]
              b [1>2]
              if x
                {leaving}
    """)


def test_a_return_before_an_await_leaves_the_task_pending() -> None:
    assert graph_of("""
        async def inner():
            t = asyncio.create_task(a())
            if x:
                return
            await t
        await inner()
        await b()
    """) == text("""
        call inner
        b
        def inner
          parallel all
            a [1>]
    """)


@pytest.mark.slow
def test_a_return_of_run_before_the_last_await_is_shown() -> None:
    assert graph_of("t = asyncio.create_task(a())\nawait b()\nif event:\n    return\nawait t") == text("""
        parallel all
          a [1>3]
          b [1>2]
          if event
            return
    """)


def test_a_return_of_run_after_the_last_await_is_omitted() -> None:
    body = "t = asyncio.create_task(a())\nawait b()\nif event:\n    await t\n    return 1\nreturn 2"
    assert graph_of(body) == text("""
        parallel all
          a [1>]
          b [1>2]
    """)


def test_nothing_begins_after_run_has_returned_early() -> None:
    assert graph_of("""
        t = asyncio.create_task(a())
        if x:
            return
        await b()
        await t
        await c()
    """) == text("""
        parallel all
          a [1>3]
          if x
            return
          b [1>2]
        c
    """)


@pytest.mark.parametrize("leaving", ["return", "raise ValueError"])
def test_a_finally_may_begin_before_an_await_that_is_skipped(leaving: str) -> None:
    assert graph_of(f"""
        t = asyncio.create_task(a())
        try:
            await b()
            if x:
                {leaving}
            await t
        finally:
            await c()
        await d()
    """) == text("""
        parallel all
          a [1>]
          try
            b [1>2]
            if x
              return
          finally
            c [3>4]
        d
    """)


def test_an_exit_of_a_context_may_begin_before_a_skipped_await() -> None:
    assert graph_of("""
        @contextlib.asynccontextmanager
        async def lock():
            try:
                yield
            finally:
                await c()

        t = asyncio.create_task(a())
        async with lock():
            if x:
                return
            await t
        await d()
    """) == text("""
        parallel all
          a [1>]
          try
            if x
              return
          finally
            c [2>3]
        d
    """)


@pytest.mark.parametrize("inner", ["pass", "log()"])
def test_returns_before_and_after_an_await_share_a_finally(inner: str) -> None:
    assert graph_of(f"""
        t = asyncio.create_task(a())
        try:
            try:
                if x:
                    return
                await t
                return
            finally:
                {inner}
        finally:
            await c()
    """) == text("""
        parallel all
          a [1>]
          finally
            c [2>3]
    """)


def test_an_await_after_a_finally_that_ends_run_completes() -> None:
    assert graph_of("""
        t = asyncio.create_task(a())
        try:
            await b()
            if x:
                return
        finally:
            await c()
        await t
        await d()
    """) == text("""
        parallel all
          a [1>4]
          try
            b [1>2]
            if x
              return
          finally
            c [2>3]
        d
    """)


def test_a_caught_raise_may_leave_a_task_pending() -> None:
    assert graph_of("""
        try:
            t = asyncio.create_task(a())
            if bad:
                raise ValueError
            await t
        except ValueError:
            await b()
        await c()
    """) == text("""
        try
          parallel all
            a [1>]
        catch
          switch exception
          | case ValueError
            b
          | default
            return
        c
    """)


def test_a_branch_that_raises_does_not_reach_later_steps() -> None:
    assert graph_of("""
        t = asyncio.create_task(a())
        if x:
            await b()
            await t
        else:
            raise ValueError
        await c()
    """) == text("""
        parallel all
          a [1>3]
          if x
            b [1>2]
          else
            return
        c
    """)


def test_a_continue_before_an_await_leaves_the_task_pending() -> None:
    assert graph_of("""
        for row in rows:
            t = asyncio.create_task(a())
            if x:
                continue
            await t
        await b()
    """) == text("""
        loop
          parallel all
            a [1>]
        b
    """)


def test_an_await_after_a_continue_that_awaits_completes() -> None:
    body = """
        for row in rows:
            task = asyncio.create_task(a())
            try:
                await b()
            except Exception:
                await task
                continue
            await task
            await c()
        await d()
    """
    assert graph_of(body) == text("""
        loop
          parallel all
            a [1>3]
            try
              b [1>2]
            catch
            if no continue
              c [3>4]
        d
    """)


def test_an_await_at_each_break_and_in_the_loop_else_completes() -> None:
    assert graph_of("""
        t = asyncio.create_task(a())
        for x in xs:
            if await b():
                await t
                break
        else:
            await t
        await c()
    """) == text("""
        parallel all
          a [1>4]
          loop
            b [1>2]
            if await b()
              break
        c
    """)


def test_a_break_without_the_await_of_the_loop_else_leaves_the_task_pending() -> None:
    assert graph_of("""
        t = asyncio.create_task(a())
        for x in xs:
            if await b():
                break
        else:
            await t
        await c()
    """) == text("""
        parallel all
          a [1>]
          loop
            b [1>2]
            if await b()
              break
          c [3>4]
    """)


def test_an_await_after_a_caught_raise_completes() -> None:
    body = """
        task = asyncio.create_task(a())
        try:
            if x:
                if y:
                    raise KeyError
                await b()
            await task
            await c()
        except KeyError:
            await task
        await d()
    """
    assert graph_of(body) == text("""
        parallel all
          a [1>3]
          try
            if x
              if y
              else
                b [1>2]
            if no exception
              c [3>4]
          catch
            switch exception
            | case KeyError
            | default
              return
        d
    """)


def test_an_exception_out_of_a_loop_may_skip_an_await() -> None:
    body = """
        task = asyncio.create_task(a())
        try:
            for row in rows:
                if row:
                    raise KeyError
                await b()
            await task
        except KeyError:
            await c()
        await d()
    """
    assert "a [1>]" in graph_of(body)


def test_an_await_of_finished_work_does_not_change_clocks() -> None:
    assert graph_of("""
        t = asyncio.create_task(a())
        u = asyncio.create_task(b())
        await t
        await c()
        await asyncio.gather(t, u)
        await t
        await asyncio.gather(a(), b())
    """) == text("""
        parallel all
          a [1>2]
          b [1>4]
          c [2>3]
        parallel all
          a [4>5]
          b [4>5]
    """)


def test_a_task_awaited_after_its_group_opens_no_other() -> None:
    assert graph_of("""
        async with asyncio.TaskGroup() as group:
            await group.create_task(a())
            t = group.create_task(b())
        await t
        await c()
    """).splitlines() == ["a", "b", "c"]


def test_leaving_a_task_group_early_awaits_its_tasks_too() -> None:
    assert graph_of("""
        for row in rows:
            async with asyncio.TaskGroup() as group:
                group.create_task(a())
                if x:
                    break
                await b()
        await c()
    """) == text("""
        loop
          parallel all
            a [1>3]
            if x
              break
            b [1>2]
        c
    """)


def test_an_early_exit_from_a_task_group_skips_later_steps() -> None:
    assert graph_of("""
        for row in rows:
            async with asyncio.TaskGroup() as group:
                group.create_task(a())
                if x:
                    continue
                await b()
            await c()
    """) == text("""
        loop
          parallel all
            a [1>3]
            if x
            else
              b [1>2]
          if no continue
            c
    """)


WAITER = "task = asyncio.create_task(a())\nasync def waiter():\n    await task\n\n"


@pytest.mark.parametrize(
    "body",
    [
        "await asyncio.gather(*[waiter() for row in rows])",
        "waiters = []\nfor row in rows: waiters.append(asyncio.create_task(waiter()))\nfor each in waiters: await each",
        "async with asyncio.TaskGroup() as tg:\n    if x: tg.create_task(waiter())",
        "waiting = asyncio.create_task(waiter() if x else b())\nawait waiting",
        "try:\n    waiting = asyncio.create_task(waiter())\nexcept ValueError: ...\nelse:\n    await waiting",
    ],
)
def test_a_function_that_may_not_be_called_awaits_nothing(body: str) -> None:
    assert graph_of(f"{WAITER}{body}\nawait d()").split("\n")[:2] == ["parallel all", "  a [1>]"]


@pytest.mark.parametrize(
    "body",
    [
        "await asyncio.gather(waiter(), waiter())",
        "async with asyncio.TaskGroup() as tg:\n    tg.create_task(waiter())",
        "waiting = asyncio.create_task(waiter())\nif x:\n    await waiting\n    return\nawait waiting",
    ],
)
def test_a_called_function_awaits_the_tasks_of_its_caller(body: str) -> None:
    assert "a [1>]" not in graph_of(f"{WAITER}{body}\nawait d()")


@pytest.mark.parametrize("test", ["task is not None", "not task is None", "task != None"])
def test_a_variable_that_always_holds_a_task_is_not_none(test: str) -> None:
    assert graph_of(f"""
        task = asyncio.create_task(a())
        await b()
        if {test}:
            await task
        await c()
    """) == text("""
        parallel all
          a [1>3]
          b [1>2]
        c
    """)


def test_a_variable_without_its_task_may_be_none() -> None:
    assert "a [1>]" in graph_of("""
        task = asyncio.create_task(a())
        await b()
        if x:
            task = None
        if task is not None:
            await task
        await c()
    """)
