"""Sample programs with their graphs, and runs with random conditions, loops, durations and failures."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from dataclasses import dataclass
from textwrap import dedent, indent

from stepgraph import analyze_source
from stepgraph.model.payload import Graph
from tests.acceptance.trace import RunTrace, trace_of
from tests.execution.random_outcomes import random_durations, random_failures
from tests.execution.runner import execute
from tests.execution.stub_values import StubValue
from tests.fixtures.files import FIXTURES

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
    "a task concurrent with a branch and a loop": """
        task = asyncio.create_task(a())
        if coin:
            await b()
        for _ in coin:
            await c()
        await task
        await d()
    """,
    "a settled gather": "await asyncio.gather(a(), b(), return_exceptions=True)\nawait c()",
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
class SampleProgram:
    """A program, its analyzed graph, and traces of its runs."""

    name: str
    graph: Graph
    traces: tuple[RunTrace, ...]


def sample_programs(seeds: int) -> Iterator[SampleProgram]:
    for name, body in BODIES.items():
        yield from _sample_programs(name, _HEADER + _STEPS + indent(dedent(body), " " * 8), seeds)
    for folder in ("gallery", "orders"):
        for path in sorted((FIXTURES / folder).glob("*.py")):
            yield from _sample_programs(f"{folder}/{path.stem}", path.read_text(encoding="utf-8"), seeds)


def _sample_programs(name: str, source: str, seeds: int) -> Iterator[SampleProgram]:
    for workflow in analyze_source(source, "entry.py").workflows:
        if (graph := workflow.graph) is not None:
            class_name = graph["workflow"]["class_name"]
            traces = dict.fromkeys(_trace(source, class_name, seed) for seed in range(seeds))
            yield SampleProgram(f"{name} {class_name}", graph, tuple(traces))


def _trace(source: str, class_name: str, seed: int) -> RunTrace:
    random_value = RandomValue(random.Random(seed))  # noqa: S311 # not used for security
    execution = execute(
        source,
        class_name,
        payload=random_value,
        env=dict.fromkeys(re.findall(r"env\.(\w+)", source), random_value),
        fails=random_failures(seed, (0, 0.05, 0.3)[seed % 3]),
        takes=random_durations(seed, 50),
        answers=lambda *_: random_value,
        step_limit=60,
        seconds=1,
    )
    return trace_of(execution)


class RandomValue(StubValue):
    """A value with random truth and a few random elements. All values derived from it are random, too.

    Nested collections have fewer elements, so that nested loops end.
    """

    random_: random.Random
    max_items: int

    def __init__(self, random_: random.Random, name: str = "coin", max_items: int = 3) -> None:
        super().__init__(name)
        self.__dict__ |= {"random_": random_, "max_items": max_items}

    def __getattr__(self, name: str) -> RandomValue:
        super().__getattr__(name)  # raises for excluded names
        return RandomValue(self.random_, f"{self}.{name}", self.max_items)

    def __getitem__(self, key: object) -> RandomValue:
        return RandomValue(self.random_, f"{self}[{key}]", self.max_items)

    def __call__(self, *_args: object, **_keywords: object) -> RandomValue:
        return RandomValue(self.random_, f"{self}()", self.max_items)

    def __bool__(self) -> bool:
        return self.random_.random() < 0.5

    def __iter__(self) -> Iterator[StubValue]:
        members = range(self.random_.randint(0, self.max_items))
        return iter([RandomValue(self.random_, f"{self}[{number}]", max(0, self.max_items - 1)) for number in members])

    def __compare(self, _other: object) -> bool:
        return self.random_.random() < 0.5

    __lt__ = __le__ = __gt__ = __ge__ = __eq__ = __ne__ = __compare
    __hash__ = object.__hash__
