"""Generators over pages."""

from __future__ import annotations

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
