"""Real programs, their graphs, and runs of them in which conditions, loops, durations and failures go by chance."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent, indent

from stepgraph import analyze_source
from stepgraph.model.payload import Graph
from tests.acceptance.trace import Trace, trace_of
from tests.execution.anything import Anything
from tests.execution.chance import fails_by_chance, takes_by_chance
from tests.execution.running import execute

FIXTURES = Path(__file__).parents[2] / "fixtures"

_HEADER = """\
import asyncio

from workers import WorkflowEntrypoint


class W(WorkflowEntrypoint):
    async def run(self, event, step):
        coin = event["payload"]

        def declared(name):
            @step.do(name, config={"retries": {"limit": 0, "delay": 10}})
            async def work():
                return name
            return work

"""

_STEPS = "".join(
    f"""
        @step.do("{name}", config={{"retries": {{"limit": 0, "delay": 10}}}})
        async def {name}():
            return 1
"""
    for name in "abcdefgh"
)

BODIES = {
    "a list": "await a()\nawait b()\nawait c()",
    "branches": """
        if coin:
            await a()
        elif coin:
            await b()
        else:
            await c()
        await d()
    """,
    "loops": """
        for _ in coin:
            await a()
            if coin:
                break
            await b()
        while coin:
            await c()
        await d()
    """,
    "a gather": "await asyncio.gather(a(), b(), c())\nawait d()",
    "a gather of a loop": """
        await asyncio.gather(*[declared(f"part {i}")() for i in coin])
        await a()
    """,
    "tasks": """
        first, second = asyncio.create_task(a()), asyncio.create_task(b())
        await c()
        await first
        third = asyncio.create_task(d())
        await asyncio.gather(second, third)
        await e()
    """,
    "a task beside a branch and a loop": """
        task = asyncio.create_task(a())
        if coin:
            await b()
        for _ in coin:
            await c()
        await task
        await d()
    """,
    "settled work": "await asyncio.gather(a(), b(), return_exceptions=True)\nawait c()",
    "a try": """
        try:
            await a()
            await b()
        except Exception:
            await c()
        else:
            await d()
        finally:
            await e()
        await f()
    """,
    "a function": """
        async def both():
            await a()
            if coin:
                return
            await b()

        await both()
        await asyncio.gather(both(), c())
        await d()
    """,
}


@dataclass(frozen=True, slots=True)
class Program:
    """A program, the graph that the analysis gives for it, and traces of its runs."""

    name: str
    graph: Graph
    traces: tuple[Trace, ...]


def programs(seeds: int) -> Iterator[Program]:
    for name, body in BODIES.items():
        yield from _programs(name, _HEADER + _STEPS + indent(dedent(body), " " * 8), seeds)
    for folder in ("gallery", "orders"):
        for path in sorted((FIXTURES / folder).glob("*.py")):
            yield from _programs(f"{folder}/{path.stem}", path.read_text(encoding="utf-8"), seeds)


def _programs(name: str, source: str, seeds: int) -> Iterator[Program]:
    for workflow in analyze_source(source, "entry.py").workflows:
        if (graph := workflow.graph) is not None:
            class_name = graph["workflow"]["class_name"]
            traces = dict.fromkeys(_trace(source, class_name, seed) for seed in range(seeds))
            yield Program(f"{name} {class_name}", graph, tuple(traces))


def _trace(source: str, class_name: str, seed: int) -> Trace:
    coin = Coin(random.Random(seed))  # noqa: S311 # nothing is secret here
    execution = execute(
        source,
        class_name,
        payload=coin,
        env=dict.fromkeys(re.findall(r"env\.(\w+)", source), coin),
        fails=fails_by_chance(seed, (0, 0.05, 0.3)[seed % 3]),
        takes=takes_by_chance(seed, 50),
        answers=lambda *_: coin,
        step_limit=60,
        seconds=1,
    )
    return trace_of(execution)


class Coin(Anything):
    """A value that is true or not by chance, and has a few members; so is whatever else it gives.

    Members of members are fewer, so that what goes down into them comes to an end.
    """

    chance: random.Random
    most: int

    def __init__(self, chance: random.Random, name: str = "coin", most: int = 3) -> None:
        super().__init__(name)
        self.__dict__ |= {"chance": chance, "most": most}

    def __getattr__(self, name: str) -> Coin:
        super().__getattr__(name)  # which knows what it must not have
        return Coin(self.chance, f"{self}.{name}", self.most)

    def __getitem__(self, key: object) -> Coin:
        return Coin(self.chance, f"{self}[{key}]", self.most)

    def __call__(self, *_args: object, **_keywords: object) -> Coin:
        return Coin(self.chance, f"{self}()", self.most)

    def __bool__(self) -> bool:
        return self.chance.random() < 0.5

    def __iter__(self) -> Iterator[Anything]:
        members = range(self.chance.randint(0, self.most))
        return iter([Coin(self.chance, f"{self}[{number}]", max(0, self.most - 1)) for number in members])

    def __compared(self, _other: object) -> bool:
        return self.chance.random() < 0.5

    __lt__ = __le__ = __gt__ = __ge__ = __eq__ = __ne__ = __compared
    __hash__ = object.__hash__
