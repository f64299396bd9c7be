"""Tests of `task.done()`, and of variables that always hold a task."""

from __future__ import annotations

import pytest

from tests.semantics.notation import graph_of, text


@pytest.mark.parametrize("test", ["not t.done()", "not (t.done() and x)", "t"])
def test_a_task_that_a_test_finds_to_be_done_is_not_pending(test: str) -> None:
    assert graph_of(f"""
        t = asyncio.create_task(a())
        await b()
        if {test}:
            await t
        await c()
    """) == text("""
        parallel all
          a [1>3]
          b [1>2]
        c
    """)


def test_a_task_that_may_be_done_stays_pending() -> None:
    assert graph_of("""
        t = asyncio.create_task(a())
        await b()
        if t.done() or x:
            await c()
        else:
            await t
        await d()
    """) == text("""
        parallel all
          a [1>]
          b [1>2]
          if t.done() or x
            c [2>3]
          else
          d [3>4]
    """)
