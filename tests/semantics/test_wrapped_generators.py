"""Generators that other generators iterate over, and the first value of a generator."""

from __future__ import annotations

import pytest

from tests.semantics.notation import graph_of, text, workflow_of

PAGES = """
async def pages():
    for number in range(3):
        yield await a()

async def numbered(source):
    number = 0
    async for item in source:
        yield number, item
        number += 1

async def limited(source, limit):
    count = 0
    async for item in source:
        if count >= limit:
            return
        yield item
        count += 1

async def jobs(source):
    await a()
    yield 1
    await b()
    yield 2

async def first(source):
    return await anext(source)

async def drain(source):
    async for _ in source: ...

"""


def test_a_generator_over_a_generator_is_inlined() -> None:
    assert graph_of(PAGES + "async for number, page in numbered(pages()):\n    await b()") == text("""
        loop
          a
          b
    """)


def test_a_generator_that_returns_early_is_inlined() -> None:
    workflow = workflow_of(PAGES + "async for page in limited(pages(), 2):\n    await b()")
    assert workflow.complete


@pytest.mark.parametrize("take", ["anext(pages())", "anext(aiter(pages()), None)", "anext(numbered(pages()))"])
def test_the_first_value_of_a_loop(take: str) -> None:
    assert graph_of(f"{PAGES}await {take}\nawait b()") == text("""
        loop
          a
          break
        b
    """)


def test_the_first_value_of_a_generator_without_a_loop() -> None:
    assert graph_of(f"{PAGES}await anext(jobs(1))\nawait c()") == "a\nc"


def test_a_function_that_takes_the_first_value() -> None:
    assert graph_of(f"{PAGES}await first(jobs(1))\nawait first(jobs(2))") == text("""
        call first
        call first
        def first
          a
    """)


@pytest.mark.parametrize(
    "body",
    [
        "source = jobs(1)\nawait anext(source)\nawait anext(source)",
        "source = jobs(1)\nawait first(source)\nawait first(source)",
        "sources = [pages()]\nawait drain(sources[0])\nawait drain(sources[0])",
        "source = pages()\nawait anext(source)\nasync for page in source: ...",
    ],
)
def test_a_generator_that_is_resumed_is_reported(body: str) -> None:
    assert not workflow_of(PAGES + body).complete
