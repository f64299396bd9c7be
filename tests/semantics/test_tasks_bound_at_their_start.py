"""Tasks that a variable or list holds from their start on, awaited after an exception that may precede the start."""

from __future__ import annotations

import pytest

from tests.semantics.notation import graph_of, text


def test_a_finally_awaits_a_task_of_the_body() -> None:
    assert graph_of("""
        t = None
        try:
            await a()
            t = asyncio.create_task(b())
            await c()
        finally:
            if t:
                await t
        await d()
    """) == text("""
        parallel all
          try
            a [1>2]
            b [2>4]
            c [2>3]
        d
    """)


def test_a_task_is_awaited_after_a_caught_error() -> None:
    assert graph_of("""
        t = None
        try:
            t = asyncio.create_task(a())
            await b()
        except Exception:
            await c()
        if t is not None:
            await t
        await d()
    """) == text("""
        parallel all
          try
            a [1>3]
            b [1>2]
          catch
            c [1>2]
        d
    """)


def test_a_finally_awaits_the_tasks_of_a_list() -> None:
    assert graph_of("""
        tasks = []
        try:
            for x in xs:
                tasks.append(asyncio.create_task(a()))
            await b()
        finally:
            await asyncio.gather(*tasks)
        await c()
    """) == text("""
        parallel all
          try
            loop
              a [1>3]
            b [1>2]
        c
    """)


@pytest.mark.parametrize(
    "body",
    [
        "u = asyncio.create_task(a())\n    await b()\n    t = u",
        "t = asyncio.create_task(a())\n    await b()\n    t = None",
    ],
)
def test_a_task_that_a_variable_may_lack_stays_pending(body: str) -> None:
    """The variable may lack the task when `b` fails, because it is bound later or reset."""
    assert graph_of(f"""
t = None
try:
    {body}
    await c()
except Exception:
    pass
if t:
    await t
await d()
""") == text("""
        parallel all
          try
            a [1>]
            b [1>2]
            c [2>3]
          catch
          d [4>5]
    """)


def test_a_task_that_one_of_two_lists_holds_stays_pending() -> None:
    assert graph_of("""
        one, other = [], []
        if x:
            tasks = one
        else:
            tasks = other
        try:
            tasks.append(asyncio.create_task(a()))
            await b()
        finally:
            await asyncio.gather(*one)
        await c()
    """) == text("""
        parallel all
          try
            a [1>]
            b [1>2]
          c [3>4]
    """)
