"""Measure the scheduling and drawing of many steps that depend on each other.

    python benchmarks/scheduling.py [STEPS ...]

The measured time excludes parsing and interpretation: only `build_graph` counts. A lower bound for it is n log n plus
the number of ordered pairs of steps, which is the size of the result. The last column is the time per unit of this
bound, in nanoseconds, and must not grow with n.
"""

from __future__ import annotations

import math
import random
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from typing import TypeAlias

from stepgraph.graph.build import build_graph
from stepgraph.graph.dependencies.schedule import schedule
from stepgraph.graph.dependencies.scheduled_runs import DirectCall, HasRun, SchedulingContext
from stepgraph.graph.dependencies.usage import ProgramUsage
from stepgraph.interpreter.entry import OpenModule, interpret_workflow
from stepgraph.interpreter.workflow_classes import find_workflows
from stepgraph.ir.nodes import StartOperation, StepRun
from stepgraph.ir.walk import Program
from stepgraph.large_stack import run_with_large_stack
from stepgraph.syntax.parse import parse_module

STEPS = (250, 500, 1000, 2000)
ROUNDS = 3
WIDTH = 10

HEADER = """\
import asyncio

from workers import WorkflowEntrypoint


class W(WorkflowEntrypoint):
    async def run(self, event, step):
"""

# For each step, the indices of the steps it depends on.
Dependencies: TypeAlias = list[list[int]]


def chain(steps: int) -> Dependencies:
    """Let each step depend on the previous one."""
    return [[number - 1] if number else [] for number in range(steps)]


def fan(steps: int) -> Dependencies:
    """Let the last step depend on all others."""
    return [[] for _ in range(steps - 1)] + [list(range(steps - 1))]


def layers(steps: int) -> Dependencies:
    """Return layers of ten parallel steps that each depend on two steps of the previous layer."""
    return [[at - WIDTH, at - at % WIDTH - WIDTH + (at + 1) % WIDTH] if at >= WIDTH else [] for at in range(steps)]


def staircase(steps: int) -> Dependencies:
    """Return a chain with a dependent of each of its steps: an interval order, which only clocks express exactly."""
    return [[max(at - 2, 0) if at % 2 == 0 else at - 1] if at else [] for at in range(steps)]


def random_dependencies(steps: int) -> Dependencies:
    """Let each step depend on two random steps of the previous fifty: an order that cannot be drawn exactly."""
    rng = random.Random(1)  # noqa: S311 - not for cryptography
    return [sorted(rng.sample(range(max(0, at - 50), at), min(at, 2))) for at in range(steps)]


SHAPES: tuple[Callable[[int], Dependencies], ...] = (chain, fan, layers, staircase, random_dependencies)


def workflow(dependencies: Dependencies, *, concurrent: bool) -> str:
    """Return the source of a workflow that gathers the steps without dependents."""
    lines: list[str] = []
    depended_on = {number for numbers in dependencies for number in numbers}
    for at, numbers in enumerate(dependencies):
        lines.append(f"@step.do(concurrent={concurrent})")
        lines.append(f"async def s{at}({', '.join(f's{number}' for number in dict.fromkeys(numbers))}): ...")
    ends = [f"s{at}()" for at in range(len(dependencies)) if at not in depended_on]
    lines.append(f"await asyncio.gather({', '.join(ends)})")
    return HEADER + "".join(f"        {line}\n" for line in lines)


def count_pairs(program: Program) -> int:
    """Return the number of pairs of steps that run one after the other."""
    starts = (operation for operation in program.body.operations if isinstance(operation, StartOperation))
    roots = [DirectCall(start.activity) for start in starts if isinstance(start.activity, StepRun)]
    usage = ProgramUsage(program.body)
    never = SchedulingContext(lambda _: HasRun.NEVER, lambda _: None, usage.steps_used_in_body, usage.closure)
    return sum(before.bit_count() for before in schedule(roots, never).predecessors)


def program_of(source: str) -> Program:
    """Return the program of the workflow in a module."""
    module = parse_module(source.encode(), "entry.py")
    entry = OpenModule(module)
    return interpret_workflow(entry, find_workflows(entry).workflows[0])


def seconds(program: Program) -> float:
    """Return the median processor time of building the graph of a program, in seconds."""
    times: list[float] = []
    for _ in range(ROUNDS):
        began = time.process_time()
        build_graph(program)
        times.append(time.process_time() - began)
    return statistics.median(times)


def main(sizes: Sequence[int]) -> None:
    """Print a row for each shape, mode and size."""
    print(f"{'shape':<22}{'steps':>7}{'pairs':>10}{'ms':>9}{'ns / (n log n + pairs)':>25}")
    for shape in SHAPES:
        for concurrent in (True, False):
            for size in sizes:
                program = program_of(workflow(shape(size), concurrent=concurrent))
                order, spent = count_pairs(program), seconds(program)
                cost = size * math.log2(size) + order
                name = f"{shape.__name__}, {'concurrent' if concurrent else 'in turn'}"
                print(f"{name:<22}{size:>7}{order:>10}{spent * 1000:>9.1f}{spent / cost * 1e9:>25.0f}")


if __name__ == "__main__":
    sizes = tuple(map(int, sys.argv[1:])) or STEPS
    run_with_large_stack(lambda: main(sizes))
