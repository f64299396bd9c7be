"""Measure the time it takes to draw large graphs as SVG.

    python benchmarks/drawing.py [STEPS ...]

Prints the median time of `render_svg` in milliseconds for each shape and number of steps, the size of the SVG, and the
exponent of the growth since the previous size. Time should grow linearly with the size of the SVG, and 500 mixed steps
should take at most 50 ms.
"""

from __future__ import annotations

import math
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from typing import cast

from stepgraph.model.payload import Branch, Graph, Node
from stepgraph.render.svg.drawing import render_svg

STEPS = (500, 1000, 2000, 5000)
ROUNDS = 5
MIXED_STEPS = 25


def step(number: int, **clocks: int) -> Node:
    """Return a step whose name has a typical length."""
    config = {"retries": {"limit": 3, "delay": 1000, "backoff": "exponential"}, "timeout": "10 minutes"}
    return cast("Node", {"type": "step_do", "name": f"do part {number}", "config": config, "nodes": [], **clocks})


def branch(condition: str | None, *nodes: Node) -> Branch:
    """Return a branch of a choice."""
    return {"condition": condition, "nodes": list(nodes)}


def graph(nodes: list[Node]) -> Graph:
    """Return a graph of these nodes."""
    return {"version": 1, "workflow": {"class_name": "LargeWorkflow", "functions": {}, "nodes": nodes}}


def mixed_steps(first: int) -> list[Node]:
    """Return 25 steps in typical structures: sequences, branches, loops, groups and `try` blocks."""
    steps = [step(first + number) for number in range(MIXED_STEPS)]
    gathered = [step(first + number, starts=1, resolves=2) for number in range(14, 18)]
    leave: Node = {"type": "break", "kind": "return"}
    return [
        *steps[:5],
        {"type": "if", "branches": [branch("ready", *steps[5:7]), branch("late", steps[7], leave), branch(None)]},
        {"type": "loop", "nodes": [*steps[8:10], {"type": "loop", "nodes": steps[10:12]}]},
        {"type": "switch", "discriminant": "kind", "branches": [branch("1", steps[12]), branch("2", steps[13])]},
        {"type": "parallel", "kind": "all", "nodes": gathered},
        {
            "type": "try",
            "try_block": {"type": "block", "nodes": steps[18:21]},
            "catch_block": {"type": "block", "nodes": [steps[21], leave]},
            "finally_block": {"type": "block", "nodes": [steps[22]]},
        },
        *steps[23:],
    ]


def mixed(steps: int) -> Graph:
    """Return a graph with steps in typical structures."""
    return graph([node for first in range(0, steps, MIXED_STEPS) for node in mixed_steps(first)])


def chain(steps: int) -> Graph:
    """Return a graph of sequential steps."""
    return graph([step(number) for number in range(steps)])


def gathered(steps: int) -> Graph:
    """Return a graph of concurrent steps."""
    return graph([{"type": "parallel", "kind": "all", "nodes": [step(n, starts=1, resolves=2) for n in range(steps)]}])


def staggered(steps: int) -> Graph:
    """Return a graph of steps that each start when the fifth step before them ends."""
    return graph(
        [{"type": "parallel", "kind": "all", "nodes": [step(n, starts=n, resolves=n + 5) for n in range(steps)]}]
    )


def branches(steps: int) -> Graph:
    """Return a graph of steps in the branches of a `switch`."""
    return graph(
        [{"type": "switch", "discriminant": "kind", "branches": [branch(str(n), step(n)) for n in range(steps)]}]
    )


SHAPES: tuple[Callable[[int], Graph], ...] = (mixed, chain, gathered, staggered, branches)


def milliseconds(large_graph: Graph) -> float:
    """Return the median processor time of drawing a graph, in milliseconds."""
    times: list[float] = []
    for _ in range(ROUNDS):
        began = time.process_time()
        render_svg(large_graph)
        times.append(time.process_time() - began)
    return statistics.median(times) * 1000


def main(sizes: Sequence[int]) -> None:
    """Print a row for each shape and size."""
    print(f"{'shape':<12}{'steps':>7}{'kB':>9}{'ms':>9}{'µs/step':>9}{'exponent':>10}")
    for shape in SHAPES:
        previous: tuple[int, float] | None = None
        for size in sizes:
            large_graph = shape(size)
            duration, text = milliseconds(large_graph), render_svg(large_graph).text
            exponent = f"{math.log(duration / previous[1]) / math.log(size / previous[0]):.2f}" if previous else ""
            kilobytes = len(text.encode()) / 1000
            per_step = duration / size * 1000
            print(f"{shape.__name__:<12}{size:>7}{kilobytes:>9.0f}{duration:>9.1f}{per_step:>9.1f}{exponent:>10}")
            previous = size, duration


if __name__ == "__main__":
    main(tuple(map(int, sys.argv[1:])) or STEPS)
