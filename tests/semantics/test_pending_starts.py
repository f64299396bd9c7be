"""Clocks of tasks whose only await is on a path that leaves a loop or ends the run."""

from __future__ import annotations

from tests.semantics.notation import graph_of, text


def test_task_awaited_before_a_break_resolves_after_the_loop() -> None:
    assert graph_of("""
        task = asyncio.create_task(a())
        while True:
            if x:
                await task
                break
            await b()
            await c()
        await d()
    """) == text("""
        parallel all
          a [1>4]
          loop
            if x
              break
            b [2>3]
            c [3>4]
        d
    """)


def test_task_awaited_before_a_return_resolves_after_other_paths() -> None:
    assert graph_of("""
        task = asyncio.create_task(a())
        if x:
            await task
            return
        await b()
        raise ValueError
    """) == text("""
        parallel all
          a [1>3]
          if x
            return
          b [2>3]
    """)


def test_task_awaited_in_two_branches_resolves_at_the_later() -> None:
    assert graph_of("""
        task = asyncio.create_task(a())
        if x:
            await task
            await b()
        else:
            await c()
            await task
        await d()
    """) == text("""
        parallel all
          a [1>3]
          if x
            b [2>3]
          else
            c [1>2]
        d
    """)
