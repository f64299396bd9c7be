"""Very deep, long and wide graphs."""

from __future__ import annotations

from collections.abc import Callable
from xml.etree import ElementTree as ET

import pytest

from stepgraph.model.payload import Graph, Node
from stepgraph.render.svg.drawing import render_svg
from stepgraph.render.svg.figures.stack import MAX_CHAIN_DEPTH
from tests.render.graphs import branch, call, deep, do, either, function, graph, parallel, switch


def long(size: int) -> Graph:
    return graph(*(do(f"step {number}") for number in range(size)))


def branches(size: int) -> Graph:
    return graph(switch("key", *(branch(f"case {number}", do(f"step {number}")) for number in range(size))))


def gathered(size: int) -> Graph:
    return graph(parallel("all", *(do(f"step {number}", starts=1, resolves=2) for number in range(size))))


def staggered(size: int) -> Graph:
    """Return a group in which each step begins when the step before the previous one is over."""
    return graph(parallel("all", *(do(f"step {number}", starts=number, resolves=number + 2) for number in range(size))))


def calls(size: int) -> Graph:
    """Return a chain of functions, each calling the next."""
    functions = {f"f{n}": function(f"f{n}", do(f"step {n}"), call(f"f{n + 1}")) for n in range(size)}
    return graph(call("f0"), functions=functions)


def nested_choices(size: int) -> Graph:
    node = do("step 0")
    drawn = either(branch("x", node), branch(None))
    for number in range(1, size):
        drawn = either(branch("x", do(f"step {number}"), drawn), branch(None))
    return graph(drawn)


def nested_groups(size: int) -> Graph:
    node: Node = do("step 0")
    for number in range(1, size):
        node = parallel("all", do(f"step {number}"), node)
    return graph(node)


def steps_in(drawn: Graph) -> int:
    return render_svg(drawn).text.count('<g class="step ')


@pytest.mark.slow
@pytest.mark.parametrize("shape", [long, branches, gathered, staggered])
def test_two_thousand_steps_are_all_drawn(shape: Callable[[int], Graph]) -> None:
    assert steps_in(shape(2000)) == 2000


@pytest.mark.slow
def test_three_thousand_nested_loops_are_drawn() -> None:
    assert render_svg(deep(3000)).text.count('<g class="frame loop"') == 3000


@pytest.mark.slow
@pytest.mark.parametrize("shape", [calls, nested_choices, nested_groups])
def test_a_thousand_nested_nodes_are_drawn(shape: Callable[[int], Graph]) -> None:
    assert steps_in(shape(1000)) == 1000


@pytest.mark.slow
@pytest.mark.parametrize("shape", [long, branches, gathered, calls, nested_choices])
def test_the_file_grows_as_the_graph_does(shape: Callable[[int], Graph]) -> None:
    small, large = (render_svg(shape(size)).text for size in (400, 800))
    assert large.count("\n") < 2.1 * small.count("\n")


@pytest.mark.parametrize("steps", [100, MAX_CHAIN_DEPTH, 1000])
def test_nesting_of_long_lists_is_within_xml_limits(steps: int) -> None:
    pending = [(ET.fromstring(render_svg(long(steps)).text), 1)]  # noqa: S314 - it is our own
    levels: list[int] = []
    while pending:
        element, level = pending.pop()
        levels.append(level)
        pending += [(inner, level + 1) for inner in element]
    assert max(levels) < 256
