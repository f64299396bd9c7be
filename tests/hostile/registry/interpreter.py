"""Inputs that require much work of the interpreter."""

from __future__ import annotations

from tests.hostile.hostile_input import Files, HostileInput, entry

_STEP = "    await step.sleep('end', 1)\n"


def _format(template: str) -> Files:
    return entry(f"name = {template}\nawait step.sleep(name, 1)")


def _doubled_dictionaries(size: int) -> Files:
    lines = "".join(f"d{n} = {{**d{n - 1}, 'k': d{n - 1}, 'm': d{n - 1}}}\n" for n in range(1, size))
    return entry(f"d0 = {{'a': event}}\n{lines}await step.do('save', print, d{size - 1})")


def _lists_of_lists(size: int) -> Files:
    body = "".join(f"l{n} = [{', '.join([f'l{n - 1}'] * size)}]\n" for n in (1, 2, 3))
    return entry(f"l0 = [1]\n{body}self.env.put(l3)\nprint(step, l3)\nawait step.do('save', print, l3)")


def _context_managers(size: int) -> Files:
    text = "from contextlib import asynccontextmanager\n"
    for n in range(size):
        inner = f"    async with c{n + 1}(step):\n        pass\n" * 2 if n + 1 < size else _STEP
        text += f"@asynccontextmanager\nasync def c{n}(step):\n{inner}    yield\n"
    return entry("async with c0(step):\n    pass", text)


def _generators(size: int) -> Files:
    text = f"def g{size}(step):\n    yield step.sleep('a', 1)\n"
    text += "".join(
        f"def g{n}(step):\n    yield from g{n + 1}(step)\n    yield from g{n + 1}(step)\n" for n in range(size)
    )
    return entry("for call in g0(step):\n    await call", text)


def _task_towers(size: int) -> Files:
    text = "import asyncio\n" + f"async def f{size}(step):\n{_STEP}"
    start = "    {0} = asyncio.create_task(f{1}(step))\n"
    for n in range(size):
        text += f"async def f{n}(step):\n{start.format('a', n + 1)}{start.format('b', n + 1)}    await a\n    await b\n"
    return entry("await f0(step)", text)


def _closure_towers(size: int) -> Files:
    text = f"async def f{size}(g, step):\n    await g()\n"
    for n in range(size):
        closures = "".join(f"    async def {c}():\n        await g()\n    await f{n + 1}({c}, step)\n" for c in "ab")
        text += f"async def f{n}(g, step):\n{closures}"
    return entry("async def first():\n    await step.sleep('a', 1)\nawait f0(first, step)", text)


def _chain(size: int) -> Files:
    calls = "".join(f"async def f{n}(step):\n    await f{n + 1}(step)\n" for n in range(size))
    return entry("await f0(step)", f"{calls}async def f{size}(step):\n{_STEP}")


def _appends(size: int) -> Files:
    return entry("a = []\n" + "a.append(step.sleep('a', 1))\n" * size + "for b in a:\n    await b")


def _clique(calls_in_all: int) -> Files:
    size = int(calls_in_all**0.5)
    calls = "".join(f"    await f{n}(step)\n" for n in range(size))
    return entry("await f0(step)", "".join(f"async def f{n}(step):\n{_STEP}{calls}" for n in range(size)))


INPUTS = [
    HostileInput("width of a percent format", lambda n: _format(f"'%{'9' * n}s' % 'a'"), 10),
    HostileInput("dictionaries that hold the one before thrice", _doubled_dictionaries, 25),
    HostileInput("lists of 100 times the list before", _lists_of_lists, 100),
    HostileInput("context managers that enter the next twice", _context_managers, 12),
    HostileInput("generators that yield the next twice", _generators, 22),
    HostileInput("helpers that start two tasks of the next", _task_towers, 40),
    HostileInput("helpers that define two closures for the next", _closure_towers, 40),
    HostileInput("chain of helpers", _chain, 5_000),
    HostileInput("appends to a list", _appends, 10_000),
    HostileInput("clique of functions", _clique, 90_000),
]
