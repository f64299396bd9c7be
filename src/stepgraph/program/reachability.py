"""Which exits of a block are reached."""

from __future__ import annotations

from typing import TypeAlias

from stepgraph.program.dataflow import solve
from stepgraph.program.domain import Domain, Exits, Leaf
from stepgraph.program.ir import Block

Point: TypeAlias = tuple[()]


def reached_exits(block: Block) -> Exits[Point]:
    """Return the ways in which a block may be left: None for those in which it is not."""
    return solve(block, (), _Reachability())


class _Reachability(Domain[Point]):
    """One state: the point is reached."""

    def transfer(self, operation: Leaf, state: Point) -> Point:
        del operation
        return state

    def join(self, one: Point, other: Point) -> Point:
        del other
        return one
