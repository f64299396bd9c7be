"""Loops that await the task of the previous pass."""

from __future__ import annotations

import pytest

from tests.semantics.notation import graph_of, text


def test_a_loop_awaits_the_task_of_the_previous_pass() -> None:
    assert graph_of("""
        page = asyncio.create_task(a())
        for x in xs:
            await page
            page = asyncio.create_task(b())
            await c()
        await page
        await d()
    """) == text("""
        parallel all
          a [1>4]
          loop
            b [2>4]
            c [2>3]
        d
    """)


@pytest.mark.parametrize("test", ["t", "t is not None"])
def test_the_first_pass_may_have_no_task_to_await(test: str) -> None:
    assert graph_of(f"""
        t = None
        for x in xs:
            if {test}:
                await t
            t = asyncio.create_task(a())
            await b()
        if {test}:
            await t
        await c()
    """) == text("""
        parallel all
          loop
            a [2>4]
            b [2>3]
        c
    """)


def test_pass_starts_its_task_before_awaiting_the_previous_one() -> None:
    assert graph_of("""
        previous = asyncio.create_task(a())
        for x in xs:
            task = asyncio.create_task(b())
            await previous
            previous = task
            await c()
        await previous
        await d()
    """) == text("""
        parallel all
          a [1>4]
          loop
            b [1>]
            c [2>3]
          d [4>5]
    """)


def test_a_pass_may_skip_the_await_of_the_previous_task() -> None:
    assert graph_of("""
        t = None
        for x in xs:
            if t and x:
                await t
            t = asyncio.create_task(a())
            await b()
        if t:
            await t
        await c()
    """) == text("""
        parallel all
          loop
            a [2>]
            b [2>3]
          c [4>5]
    """)
