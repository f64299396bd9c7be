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
