"""Loops that leave a generator before its end."""

from __future__ import annotations

from tests.semantics.notation import graph_of, text
from tests.semantics.wrapped_generators import PAGES

BACKOFF = """
async def attempts():
    await a()
    for number in range(3):
        yield number
        await step.sleep("delay", 1000)
    await b()

"""


def test_a_break_skips_the_end_of_the_generator() -> None:
    assert graph_of(BACKOFF + "async for _ in attempts():\n    if await c():\n        break\nawait d()") == text("""
        a
        loop
          c
          if await c()
            break
          sleep 'delay' 1000
        if no break
          b
        d
    """)


def test_the_else_of_a_loop_over_a_generator() -> None:
    body = "async for _ in attempts():\n    if await c():\n        break\nelse:\n    raise TimeoutError\nawait d()"
    assert graph_of(BACKOFF + body) == text("""
        a
        loop
          c
          if await c()
            break
          sleep 'delay' 1000
        if no break
          b
        if no break
          return
        d
    """)


def test_a_break_leaves_all_loops_of_a_generator() -> None:
    body = """
async def items():
    while await a():
        for item in rows:
            yield item
        await b()

async for item in items():
    if await c():
        break
await d()
"""
    assert graph_of(body) == text("""
        loop
          a
          if not (await a())
            break
          loop
            c
            if await c()
              break
          if no break
            b
          else
            break
        d
    """)


def test_a_break_at_a_yield_outside_of_loops() -> None:
    body = "async for job in jobs(1):\n    if job:\n        break\n    await c()\nawait d()"
    assert graph_of(PAGES + body) == text("""
        a
        if job
        else
          c
        if no break
          b
          if job
          else
            c
        d
    """)


def test_a_return_leaves_all_loops_of_a_generator() -> None:
    body = """
async def items():
    for row in rows:
        for item in row:
            if not item:
                return
            yield item
        await a()
    await b()

async for item in items():
    await c()
"""
    assert graph_of(body) == text("""
        loop
          loop
            if not item
              break
            c
          if no break
            a
          else
            break
        if no break
          b
    """)


def test_a_break_leaves_a_generator_over_a_generator() -> None:
    body = """
async def inner():
    for item in rows:
        yield item
    await a()

async def outer():
    async for item in inner():
        yield item
        await b()
    await c()

async for item in outer():
    if item:
        break
await d()
"""
    assert graph_of(body) == text("""
        loop
          if item
            break
          b
        if no break
          a
        if no break
          c
        d
    """)
