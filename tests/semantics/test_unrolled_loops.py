"""Loops over literals, which are unrolled."""

from __future__ import annotations

from tests.semantics.notation import graph_of, text


def test_a_loop_over_literal_steps_is_unrolled() -> None:
    assert graph_of("""
        for name, fn in [("first", a), ("second", b)]:
            await fn()
    """) == text("""
        a
        b
    """)


def test_a_literal_loop_with_an_early_exit_is_not_unrolled() -> None:
    assert graph_of("""
        for fn in (a, b):
            if not await fn():
                break
    """) == text("""
        loop
          switch fn
          | case a
            a
          | case b
            b
          if not await fn()
            break
    """)


def test_a_continue_in_an_unrolled_loop() -> None:
    assert graph_of("""
        for fn in (a, b):
            if await fn():
                continue
            await c()
        await d()
    """) == text("""
        a
        if await fn()
        else
          c
        b
        if await fn()
        else
          c
        d
    """)


def test_a_loop_over_an_empty_list_is_its_else() -> None:
    assert (
        graph_of("""
        while False:
            await a()
        else:
            await b()
    """)
        == "b"
    )


def test_code_after_a_return_in_an_unrolled_loop_is_unreachable() -> None:
    assert (
        graph_of("""
        for fn in [a, b]:
            await fn()
            return
    """)
        == "a"
    )


def test_a_loop_over_literal_steps_is_unrolled_for_lambdas_too() -> None:
    assert graph_of("""
        for fn in [a, b]:
            call = lambda: fn()
            await call()
    """).splitlines() == ["a", "b"]


def test_a_loop_over_literal_tables_of_steps_is_unrolled() -> None:
    assert graph_of("""
        for table in ({"job": a}, {"job": b}):
            await table["job"]()
    """).splitlines() == ["a", "b"]


def test_a_loop_over_literal_tasks_is_unrolled() -> None:
    assert graph_of("""
        for work in [asyncio.shield(a()), asyncio.wait_for(b(), 5)]:
            await work
        await c()
    """) == text("""
        a
        b
        c
    """)


def test_continue_of_an_unrolled_loop_in_finally_keeps_the_error() -> None:
    assert graph_of("""
        try:
            await a()
        finally:
            for undo in (b, c):
                if x:
                    continue
                await undo()
    """) == text("""
        try
          a
        finally
          if x
          else
            b
          if x
          else
            c
    """)


def test_tasks_after_a_certain_continue_are_a_group() -> None:
    body = """
        for fn, is_old in [(a, True), (b, False)]:
            if is_old:
                continue
            await fn()
        await asyncio.gather(a(), c())
        await d()
    """
    assert graph_of(body) == text("""
        b
        parallel all
          a [1>2]
          c [1>2]
        d
    """)


def test_an_await_after_an_unrolled_continue_completes_tasks() -> None:
    body = """
        task = asyncio.create_task(a())
        for fn in (b, c):
            if done:
                continue
            await fn()
        await task
        await d()
    """
    assert graph_of(body) == text("""
        parallel all
          a [1>4]
          if done
          else
            b [1>2]
          if done
          else
            c [2>3]
        d
    """)


def test_a_task_completes_after_an_unrolled_continue_in_try() -> None:
    body = """
        task = asyncio.create_task(a())
        for fn in (b,):
            try:
                await fn()
            except Exception:
                continue
            await c()
        await task
        await d()
    """
    assert graph_of(body) == text("""
        parallel all
          a [1>4]
          try
            b [1>2]
          catch
          if no continue
            c [2>3]
        d
    """)


def test_an_unrolled_continue_may_leave_a_task_pending() -> None:
    body = """
        for fn in (b, c):
            task = asyncio.create_task(fn())
            if done:
                continue
            await task
        await d()
    """
    assert graph_of(body) == text("""
        parallel all
          b [1>]
          c [2>]
          d [3>4]
    """)


def test_a_call_after_a_raise_in_an_unrolled_loop_is_conditional() -> None:
    body = """
        async def close():
            await d()

        try:
            for fn in (a,):
                await fn()
                if failed:
                    raise ValueError
            await close()
        except ValueError:
            await c()
    """
    assert graph_of(body).splitlines()[:5] == ["try", "  a", "  if no exception", "    call close", "catch"]
