"""Measure how time grows with the number of steps, functions, loops and members of a gather."""

from __future__ import annotations

import math
import statistics
import time
from collections.abc import Callable, Iterator, Sequence

from benchmarks.inputs import workflow
from stepgraph import analyze_source

STEPS = (100, 300, 1000, 3000, 10_000)
FUNCTIONS = (100, 300, 1000)
CLIQUE = (10, 20, 50)
DEPTHS = (20, 40, 80)
MEMBERS = (100, 300, 1000)
LOOPS = (30, 100, 300)

_HEAD = "from workers import WorkflowEntrypoint\n\n\n"
_WORK = "async def work(): ...\n\n\n"
_CLASS = "class W(WorkflowEntrypoint):\n    async def run(self, event, step):\n"
_RUN = f"{_CLASS}        await f0(step)\n"


def chain(functions: int) -> str:
    """Return a module whose functions each call the next."""
    return _program(functions, lambda index: [index + 1])


def grid(functions: int) -> str:
    """Return a module whose functions each call the next one and the one in the row below."""
    width = math.isqrt(functions)
    return _program(functions, lambda index: [index + 1, index + width])


def clique(functions: int) -> str:
    """Return a module whose functions each call all later functions."""
    return _program(functions, lambda index: list(range(index + 1, functions)))


def nested(depth: int) -> str:
    """Return a module with a step in nested loops."""
    lines = [f"{'    ' * (index + 2)}for x{index} in event['payload']['a']:" for index in range(depth)]
    step = f"{'    ' * (depth + 2)}await step.do('a')(work)()"
    return f"{_HEAD}{_WORK}{_CLASS}" + "\n".join([*lines, step, ""])


def gather(members: int) -> str:
    """Return a module with a single `gather` of calls."""
    steps = "".join(f"        step_{index} = step.do('step {index}')(work)\n" for index in range(members))
    calls = "".join(f"            step_{index}(),\n" for index in range(members))
    return f"import asyncio\n{_HEAD}{_WORK}{_CLASS}{steps}        await asyncio.gather(\n{calls}        )\n"


def loops(count: int) -> str:
    """Return a module with loops in sequence, each with a step that reads the variable of the loop."""
    lines: list[str] = []
    for index in range(count):
        lines += [
            "        for item in event['payload']['items']:",
            f"            @step.do(f'step {index} {{item}}')",
            f"            async def step_{index}():",
            "                return item['name']",
            f"            await step_{index}()",
        ]
    return f"{_HEAD}{_CLASS}" + "\n".join([*lines, ""])


SHAPES: tuple[tuple[str, Callable[[int], str], Sequence[int]], ...] = (
    ("sequential steps", workflow, STEPS),
    ("functions in a chain", chain, FUNCTIONS),
    ("functions in a grid", grid, FUNCTIONS),
    ("functions in a clique", clique, CLIQUE),
    ("nested loops", nested, DEPTHS),
    ("members of a gather", gather, MEMBERS),
    ("loops in sequence", loops, LOOPS),
)


def _program(functions: int, calls: Callable[[int], list[int]]) -> str:
    parts = [_HEAD]
    for index in range(functions):
        parts.append(f"async def f{index}(step):\n    await step.do('step {index}')(work)()\n")
        parts += [f"    await f{callee}(step)\n" for callee in calls(index) if callee < functions]
        parts.append("\n\n")
    return "".join([*parts, _WORK, _RUN])


def seconds(source: str, rounds: int) -> float:
    """Return the median processor time of analyzing a source, in seconds."""
    times: list[float] = []
    for _ in range(rounds):
        began = time.process_time()
        analyze_source(source)
        times.append(time.process_time() - began)
    return statistics.median(times)


def exponent(sizes: Sequence[float], times: Sequence[float]) -> float:
    """Return the exponent of the power law that fits the times: the slope of the regression of their logarithms."""
    slope, _ = statistics.linear_regression([math.log(size) for size in sizes], [math.log(spent) for spent in times])
    return slope


def rows(rounds: int) -> Iterator[str]:
    """Yield a line for each shape: the time of each size, and the exponents by number and by bytes of source.

    The source of a clique grows with the square of its number of functions, so only the exponent by bytes can be
    linear.
    """
    for name, build, sizes in SHAPES:
        sources = [build(size) for size in sizes]
        analyze_source(sources[0])  # a warm-up, which imports modules
        times = [seconds(source, rounds) for source in sources]
        timings = "  ".join(f"{size}: {spent * 1000:.0f} ms" for size, spent in zip(sizes, times, strict=True))
        by_number, by_bytes = exponent(sizes, times), exponent([len(source) for source in sources], times)
        yield f"{name:<26}{by_number:>7.2f}{by_bytes:>8.2f}   {timings}"


def print_growth(rounds: int) -> None:
    """Print the table of exponents."""
    print(f"{'':<26}{'number':>7}{'bytes':>8}")
    for line in rows(rounds):
        print(line, flush=True)
