"""Sources of workflows whose size grows in one direction: steps, functions, branches, tasks, classes or findings."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from typing import Final, TypeAlias

Shape: TypeAlias = Callable[[int], str]
"""A function that returns the source of a module of a given size."""

IMPORTS: Final = "import asyncio\nimport time\nfrom workers import WorkflowEntrypoint\n\n"
CLASS: Final = "class W(WorkflowEntrypoint):\n    async def run(self, event, step):\n"
_CHAIN: Final = 50
"""The length of a chain of classes. The analysis follows at most 100 bases of a class."""
_TRIES: Final = 50
"""The depth of nested `try` statements. Python allows 100 levels of indentation."""
_SLEEP: Final = "await step.sleep('{n}', 5)"


def declaration(number: int, parameters: str = "", options: str = "", result: str = "1", indent: str = " " * 8) -> str:
    """Return the declaration of the step `s{number}`."""
    return (
        f"{indent}@step.do('s{number}'{options})\n{indent}async def s{number}({parameters}):\n"
        f"{indent}    return {result}\n"
    )


def body(lines: Iterable[str], before: str = "") -> str:
    """Return a module with a workflow. `lines` are the lines of `run`, and `before` is the code before the class.

    The first line has a finding, so that a check of each size needs positions.
    """
    return f"{IMPORTS}{before}{CLASS}        await step.sleep('first', '5 min')\n{''.join(lines)}"


def repeated(template: str, before: str = "", around: str = "{}") -> Shape:
    """Return a shape that repeats lines of `run`, with the number for `{n}` and the number before for `{m}`."""

    def build(size: int) -> str:
        lines = "".join(template.replace("{n}", str(n)).replace("{m}", str(max(n - 1, 0))) for n in range(size))
        return body([around.replace("{}", lines)], before)

    return build


def used(template: str, declare: Callable[[int], str] = declaration) -> Shape:
    """Return a shape that declares steps, and then repeats a line that uses each of them."""

    def build(size: int) -> str:
        uses = (template.replace("{n}", str(n)) for n in range(size))
        return body([*map(declare, range(size)), *uses])

    return build


def gathered(template: str, declare: Callable[[int], str] | None = None) -> Shape:
    """Return a shape with one `gather` over awaitables."""

    def build(size: int) -> str:
        members = "".join(f"            {template.replace('{n}', str(n))},\n" for n in range(size))
        steps = map(declare, range(size)) if declare is not None else ()
        return body([*steps, f"        await asyncio.gather(\n{members}        )\n"])

    return build


def functions(callees: Callable[[int, int], Iterable[int]], *, calls_all: bool = False) -> Shape:
    """Return a shape with functions that call others: `callees` returns their numbers for a number and the size."""

    def build(size: int) -> str:
        parts = []
        for n in range(size):
            calls = "".join(f"    await f{callee}(step)\n" for callee in callees(n, size) if callee < size)
            parts.append(f"async def f{n}(step):\n    await step.sleep('{n}', 5)\n{calls}\n")
        return body((f"        await f{n}(step)\n" for n in range(size if calls_all else 1)), "".join(parts))

    return build


def workflows(before: str, run: str) -> Shape:
    """Return a shape with many workflow classes in one module."""

    def build(size: int) -> str:
        classes = "".join(CLASS.replace("W(", f"W{n}(") + run.replace("{n}", str(n)) + "\n" for n in range(size))
        return f"{IMPORTS}{before}{classes}"

    return build


def class_chains(size: int) -> str:
    """Return a module with chains of classes that derive from each other."""
    parts = [IMPORTS]
    for n in range(size):
        base = f"C{n - 1}" if n % _CHAIN else "WorkflowEntrypoint"
        parts.append(f"class C{n}({base}):\n    async def m{n}(self, step):\n        await step.sleep('{n}', 5)\n\n")
        if (n + 1) % _CHAIN == 0:
            run = f"    async def run(self, event, step):\n        await self.m{n - _CHAIN + 1}(step)\n\n"
            parts.append(f"class W{n}(C{n}):\n{run}")
    return "".join(parts)


def nested(depth: int) -> str:
    """Return a module with a step in nested loops."""
    lines = [f"{'    ' * (index + 2)}for x{index} in event['payload']['a']:\n" for index in range(depth)]
    return body([*lines, f"{'    ' * (depth + 2)}await step.sleep('a', 5)\n"])


def nested_tries(size: int) -> str:
    """Return a module with functions of 60 nested `try` statements, each around a step."""
    depths = range(1, _TRIES + 1)
    tries = "".join(f"{' ' * depth}try:\n{' ' * depth} await step.sleep('{depth}', 5)\n" for depth in depths)
    handlers = "".join(f"{' ' * depth}except E{depth}:\n{' ' * depth} pass\n" for depth in reversed(depths))
    count = max(1, size // _TRIES)
    before = "".join(f"async def f{n}(step):\n{tries}{handlers}\n" for n in range(count))
    return body((f"        await f{n}(step)\n" for n in range(count)), before)


def mixed(size: int) -> str:
    """Return a module with steps, branches, loops and groups, and a finding for every twelfth step."""
    unit = declaration(0).replace("s0", "a{n}")
    unit += "        r{n} = await a{n}()\n        if r{n} > 3:\n            await step.sleep('b{n}', '5 minutes')\n"
    unit += "        else:\n            await step.wait_for_event('c{n}', 'type')\n"
    unit += "        for x in event['payload']['{n}']:\n            await step.sleep(f'd{n} {x}', '5 minutes')\n"
    unit += "        await asyncio.gather(step.sleep('e{n}', 5), step.sleep('f{n}', '5 min'))\n"
    return repeated(unit)(max(1, size // 6))


def _call_next(number: int, _: int) -> tuple[int, ...]:
    return (number + 1,)


def _call_grid(number: int, size: int) -> tuple[int, ...]:
    return (number + 1, number + math.isqrt(size))


def _call_none(_: int, __: int) -> tuple[int, ...]:
    return ()


def _needs_previous(number: int) -> str:
    return declaration(number, parameters=f"s{number - 1}" if number else "")


def _needs_layer(number: int) -> str:
    first = (number // 5 - 1) * 5
    return declaration(number, parameters=", ".join(f"s{n}" for n in range(first, first + 5) if n >= 0))


def _needs_first(number: int) -> str:
    return declaration(number, parameters="s0" if number else "")


def _awaits(size: int) -> str:
    return "".join(f"        await t{n}\n" for n in range(size))


_IF: Final = "        if event['payload']['{n}']:\n"
_TASK: Final = "        t{n} = asyncio.create_task(s{n}())\n"
_FUNCTION: Final = f"        async def f{{n}}():\n            {_SLEEP}\n            return x{{n}}\n"
_SHARED: Final = "STATE = {}\n\n\nasync def helper(step):\n    STATE['a'] = 1\n    await step.sleep('helper', 5)\n\n\n"

PROGRAMS: Final[Mapping[str, Shape]] = {
    "steps": used("        await s{n}()\n"),
    "sleeps": repeated(f"        {_SLEEP}\n"),
    "declared, but unused steps": lambda size: body([*map(declaration, range(size)), "        await s0()\n"]),
    "results of earlier steps": lambda size: body(
        f"{declaration(n, result=f'r{n - 1}' if n else '1')}        r{n} = await s{n}()\n" for n in range(size)
    ),
    "paths of the payload": repeated("        await step.sleep('{n}', event['payload']['a{n}']['b'])\n"),
    "functions called in sequence": functions(_call_none, calls_all=True),
    "functions in a chain": functions(_call_next),
    "functions in a grid": functions(_call_grid),
    "callbacks": repeated(
        f"        async def f{{n}}():\n            {_SLEEP}\n        await call(f{{n}})\n",
        "async def call(function):\n    await function()\n\n\n",
    ),
    "closures": repeated(f"        x{{n}} = event['payload']['{{n}}']\n{_FUNCTION}        await f{{n}}()\n"),
    "workflow classes": workflows("", f"        {_SLEEP}\n"),
    "workflows with a common helper": workflows(_SHARED, f"        await helper(step)\n        {_SLEEP}\n"),
    "chains of classes": class_chains,
    "if": repeated(f"{_IF}            {_SLEEP}\n"),
    "elif": repeated(f"        elif k == {{n}}:\n            {_SLEEP}\n", around="        if k:\n            pass\n{}"),
    "match": repeated(
        f"            case {{n}}:\n                {_SLEEP}\n", around="        match event['payload']:\n{}"
    ),
    "match with captures": repeated(
        f"            case {{'k{{n}}': x, **rest}} if x:\n                {_SLEEP}\n",
        around="        match event['payload']:\n{}",
    ),
    "early returns": repeated(f"{_IF}            {_SLEEP}\n            return {{n}}\n"),
    "loops": repeated("        for x in event['payload']['{n}']:\n            await step.sleep(f'{n} {x}', 5)\n"),
    "continue": repeated(
        "            if x['{n}']:\n                continue\n            await step.sleep(f'{n} {x}', 5)\n",
        around="        for x in event['payload']['a']:\n{}",
    ),
    "functions made in a loop": repeated(
        declaration(0, indent=" " * 12).replace("s0'", "s{n}'").replace("s0(", "s{n}(")
        + "            made.append(s{n})\n",
        around="        made = []\n        for x in event['payload']['a']:\n{}        await made[0]()\n",
    ),
    "try": repeated(
        f"        try:\n            {_SLEEP}\n        except Exception:\n            await step.sleep('h{{n}}', 5)\n"
    ),
    "nested try": nested_tries,
    "try with raises": repeated(
        "            if event['payload']['{n}']:\n                raise E{n}()\n",
        around=f"        try:\n            {_SLEEP}\n{{}}        except Exception:\n            {_SLEEP}\n",
    ),
    "as_completed": repeated(
        "        for task in asyncio.as_completed([step.sleep('a{n}', 5), step.sleep('b{n}', 5)]):\n"
        "            await task\n"
    ),
    "tasks between steps": repeated(
        f"        t{{n}} = asyncio.create_task(step.sleep('t{{n}}', 5))\n        {_SLEEP}\n        await t{{m}}\n"
    ),
    "table of lambdas": repeated(
        "            'k{n}': lambda: step.sleep('{n}', 5),\n",
        around="        table = {\n{}        }\n        await table[event['payload']['key']]()\n",
    ),
    "objects": repeated(
        "        await Sleeper(step, {n}).run()\n",
        "class Sleeper:\n    def __init__(self, step, number):\n        self.step = step\n"
        "        self.number = number\n\n"
        "    async def run(self):\n        await self.step.sleep(f'{self.number}', 5)\n\n\n",
    ),
    "context managers": repeated(
        f"        async with managed(step):\n            {_SLEEP}\n",
        "import contextlib\n\n\n@contextlib.asynccontextmanager\nasync def managed(step):\n    yield\n"
        "    await step.sleep('end', 5)\n\n\n",
    ),
    "comprehensions": repeated("        x{n} = [await step.sleep(f'{n} {x}', 5) for x in event['payload'] if x]\n"),
    "decorators": lambda size: body(
        (f"        await f{n}(step)\n" for n in range(size)),
        "def decorate(function):\n    async def call(*arguments):\n        return await function(*arguments)\n\n"
        "    return call\n\n\n"
        + "".join(f"@decorate\nasync def f{n}(step):\n    await step.sleep('{n}', 5)\n\n\n" for n in range(size)),
    ),
    "gather of sleeps": gathered("step.sleep('{n}', 5)"),
    "gather of steps": gathered("s{n}()", declaration),
    "gather with dependencies": gathered("s{n}()", _needs_first),
    "tasks": lambda size: used(_TASK)(size) + _awaits(size),
    "tasks with dependencies": lambda size: used(_TASK, _needs_first)(size) + _awaits(size),
    "task group": lambda size: body(
        [
            *map(declaration, range(size)),
            "        async with asyncio.TaskGroup() as group:\n",
            *(f"            group.create_task(s{n}())\n" for n in range(size)),
        ]
    ),
    "chain of dependencies": lambda size: body([*map(_needs_previous, range(size)), f"        await s{size - 1}()\n"]),
    "awaited chain of dependencies": used("        await s{n}()\n", _needs_previous),
    "layers of dependencies": lambda size: body([*map(_needs_layer, range(size)), f"        await s{size - 1}()\n"]),
    "unknown parameters": used("        await s{n}()\n", lambda n: declaration(n, parameters=f"unknown{n}")),
    "equal names": repeated("        await step.sleep('s', 5)\n"),
    "unknown durations": repeated("        await step.sleep('{n}', '5 min')\n"),
    "clocks in names": repeated("        x{n} = time.time()\n        await step.sleep(f'{x{n}}', 5)\n"),
    "work never awaited": repeated(f"        {_SLEEP.removeprefix('await ')}\n"),
    "suppressed findings": repeated("        await step.sleep('{n}', '5 min')  # stepgraph: ignore\n"),
    "unresolved calls": repeated("        await other{n}(step)\n", around=f"        {_SLEEP}\n{{}}"),
}
"""The shapes of programs, by name."""
