"""Pending work on paths through `try`: exceptions, handlers and `finally` blocks."""

from __future__ import annotations

import textwrap

import pytest

from tests.semantics.notation import graph_of, text


def test_a_finally_awaits_on_each_exit() -> None:
    assert graph_of("""
        async def inner():
            try:
                t = asyncio.create_task(a())
                if await b():
                    return
            finally:
                await t
            await c()
        await inner()
        await d()
    """) == text("""
        call inner
        d
        def inner
          parallel all
            try
              a [1>3]
              b [1>2]
              if await b()
                return
          c
    """)


def test_a_handler_begins_with_the_clock_of_its_try() -> None:
    assert graph_of("""
        t = asyncio.create_task(a())
        try:
            await b()
        except ValueError:
            await c()
            await t
        else:
            await t
        await d()
    """) == text("""
        parallel all
          a [1>3]
          try
            b [1>2]
          catch
            switch exception
            | case ValueError
              c [1>2]
            | default
              return
        d
    """)


def test_a_task_that_fails_at_its_await_has_ended() -> None:
    assert graph_of("""
        t = asyncio.create_task(a())
        await b()
        try:
            await t
        except ValueError:
            await c()
        await d()
    """) == text("""
        parallel all
          a [1>3]
          b [1>2]
          catch
            switch exception
            | case ValueError
              c [2>3]
            | default
              return
        d
    """)


def test_a_task_awaited_late_in_a_try_may_be_pending_afterwards() -> None:
    assert graph_of("""
        t = asyncio.create_task(a())
        try:
            await b()
            await t
        except ValueError:
            pass
        await c()
    """) == text("""
        parallel all
          a [1>]
          try
            b [1>2]
          catch
            switch exception
            | case ValueError
            | default
              return
          c [3>4]
    """)


def test_a_finally_that_always_raises_awaits_nothing_after_it() -> None:
    assert graph_of("""
        task = asyncio.create_task(a())
        try:
            if x:
                return
            await b()
        finally:
            await c()
            raise Failed
        await task
    """) == text("""
        parallel all
          a [1>]
          try
            if x
              return
            b [1>2]
          finally
            c [2>3]
    """)


def test_nested_finally_blocks_are_bounded() -> None:
    body, shown = "await a()", "a [1>2]"
    for _ in range(9):
        body = f"try:\n    if x:\n        return\nfinally:\n{textwrap.indent(body, '    ')}"
        shown = f"try\n  if x\n    return\nfinally\n{textwrap.indent(shown, '  ')}"
    shown = textwrap.indent(f"b [1>3]\n{shown}", "  ")
    assert graph_of(f"task = asyncio.create_task(b())\n{body}\nawait task") == f"parallel all\n{shown}"


_FINALLY_AFTER_BREAK = """
    task = asyncio.create_task(a())
    while True:
        try:
            if x:
                other = asyncio.create_task(d())
                break
            await b()
        finally:
            await task
    await other
    await c()
"""


def test_finally_awaits_the_tasks_that_a_break_leaves() -> None:
    assert graph_of(_FINALLY_AFTER_BREAK) == text("""
        parallel all
          a [1>3]
          loop
            try
              if x
                d [1>4]
                break
              b [1>2]
        c
    """)


def test_awaits_of_finally_blocks_beyond_the_bound_claim_less(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("stepgraph.ir.dataflow.MAX_FINALLY_REVISITS", 0)
    assert graph_of(_FINALLY_AFTER_BREAK) == text("""
        parallel all
          a [1>]
          loop
            try
              if x
                d [1>4]
                break
              b [1>2]
          c [4>5]
    """)
