"""The steps that can begin next, compared with the beginnings of each step."""

from __future__ import annotations

import pytest

from stepgraph.bit_sets import bit_set
from stepgraph.execution.program import program_of
from stepgraph.model.payload import Graph, Node
from stepgraph.replay.position import Position, Positions
from tests.render.graphs import block, branch, call, do, either, function, graph, loop, parallel, protected

FUNCTIONS = {"f": function("f", do("in f"), either(branch("again", call("f")))), "g": function("g", do("in g"))}


def clocked(name: str, starts: int, resolves: int) -> Node:
    node = do(name)
    node["starts"], node["resolves"] = starts, resolves
    return node


@pytest.mark.parametrize(
    "nodes",
    [
        [do("a"), either(branch("c", do("b"))), do("d")],
        [loop(do("a"), do("b")), do("c")],
        [protected(block(do("a"), do("b")), catch=block(do("c")), final=block(do("d"))), do("e")],
        [parallel("all", clocked("a", 1, 2), clocked("b", 1, 3)), do("c")],
        [do("a", do("b"), do("c")), call("f"), call("g"), do("d")],
        [loop(clocked("a", 1, 2), do("b")), either(branch("c", call("g")), branch(None, do("d")))],
    ],
)
def test_no_step_that_can_begin_is_missing(nodes: list[Node]) -> None:
    positions = positions_of(graph(*nodes, functions=FUNCTIONS))
    reached, pending = set[Position](), [positions.start()]
    while pending and len(reached) < 100:
        position = pending.pop()
        reached.add(position)
        sites = positions.program.sites
        can_begin = bit_set(site.number for site in sites if positions.can_begin(position, site))
        assert positions.next_steps(position) & can_begin == can_begin
        after = [each for site in sites for each in positions.begin(position, site, 0, retried=True)]
        ended = [end for each in after for failed in (False, True) for end in positions.end(each, 0, failed=failed)]
        pending += {*after, *ended} - reached


def test_later_steps_of_a_sequence_are_no_first_steps() -> None:
    positions = positions_of(graph(do("a"), either(branch("c", do("b"))), do("d")))
    (after,) = positions.answer(positions.start(), positions.program.sites[0], 0, failed=False)
    assert positions.next_steps(positions.start()) == 0b001
    assert positions.next_steps(after) == 0b110


def positions_of(document: Graph) -> Positions:
    return Positions.of(program_of(document), only_failures=False)
