"""How long it takes to schedule and draw many steps that depend on each other.

    python benchmarks/scheduling.py [STEPS ...]

Time may grow with n log n and with the size of the order, the pairs of steps of which one runs before the other, since
nobody can say an order in less. So the time is given for each of these, in nanoseconds: it must not grow with n.
Parsing is not timed, nor is reading the program: what is timed is all that turns it into nodes, `build_graph`.
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
from stepgraph.ir.nodes import Start, StepRun
from stepgraph.ir.program import Program
from stepgraph.large_stack import run_with_large_stack
from stepgraph.syntax.parsing.parse import parse_module

STEPS = (250, 500, 1000, 2000)
ROUNDS = 3
WIDTH = 10

HEADER = """\
import asyncio

from workers import WorkflowEntrypoint


class W(WorkflowEntrypoint):
    async def run(self, event, step):
"""

# The numbers of the steps that each step needs.
Needs: TypeAlias = list[list[int]]


def chain(steps: int) -> Needs:
    """Each step needs the one before it."""
    return [[number - 1] if number else [] for number in range(steps)]


def fan(steps: int) -> Needs:
    """The last step needs all others."""
    return [[] for _ in range(steps - 1)] + [list(range(steps - 1))]


def layers(steps: int) -> Needs:
    """Ten steps beside each other need two each of the ten before them, and so on."""
    return [[at - WIDTH, at - at % WIDTH - WIDTH + (at + 1) % WIDTH] if at >= WIDTH else [] for at in range(steps)]


def staircase(steps: int) -> Needs:
    """A chain, and beside each of its steps one that needs it: an interval order, which only clocks can draw."""
    return [[max(at - 2, 0) if at % 2 == 0 else at - 1] if at else [] for at in range(steps)]


def tangle(steps: int) -> Needs:
    """Each step needs two of the fifty before it, drawn by lot: nothing that can be drawn exactly."""
    lot = random.Random(1)  # noqa: S311 - a benchmark, the same each time
    return [sorted(lot.sample(range(max(0, at - 50), at), min(at, 2))) for at in range(steps)]


SHAPES: tuple[Callable[[int], Needs], ...] = (chain, fan, layers, staircase, tangle)


def workflow(needs: Needs, *, concurrent: bool) -> str:
    """Return the source of a workflow that gathers the steps that no other needs."""
    lines: list[str] = []
    needed = {number for numbers in needs for number in numbers}
    for at, numbers in enumerate(needs):
        lines.append(f"@step.do(concurrent={concurrent})")
        lines.append(f"async def s{at}({', '.join(f's{number}' for number in dict.fromkeys(numbers))}): ...")
    ends = [f"s{at}()" for at in range(len(needs)) if at not in needed]
    lines.append(f"await asyncio.gather({', '.join(ends)})")
    return HEADER + "".join(f"        {line}\n" for line in lines)


def pairs(program: Program) -> int:
    """Return the size of the order: how many pairs of steps there are of which one is over before the other begins."""
    starts = (operation for operation in program.body.operations if isinstance(operation, Start))
    roots = [DirectCall(start.activity) for start in starts if isinstance(start.activity, StepRun)]
    survey = ProgramUsage(program.body)
    never = SchedulingContext(lambda _: HasRun.NEVER, lambda _: None, survey.steps_used_in_body, survey.closure)
    return sum(before.bit_count() for before in schedule(roots, never).predecessors)


def program_of(source: str) -> Program:
    """Return what the workflow of a module does."""
    module = parse_module(source.encode(), "entry.py")
    entry = OpenModule(module)
    return interpret_workflow(entry, find_workflows(entry).workflows[0])


def seconds(program: Program) -> float:
    """Return the median time of drawing a program, of the processor: whatever else the machine does."""
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
                order, spent = pairs(program), seconds(program)
                least = size * math.log2(size) + order
                name = f"{shape.__name__}, {'concurrent' if concurrent else 'in turn'}"
                print(f"{name:<22}{size:>7}{order:>10}{spent * 1000:>9.1f}{spent / least * 1e9:>25.0f}")


if __name__ == "__main__":
    given = tuple(map(int, sys.argv[1:])) or STEPS
    run_with_large_stack(lambda: main(given))
