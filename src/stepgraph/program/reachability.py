"""Which exits of a block are reached."""

from __future__ import annotations

from typing import TypeAlias

from stepgraph.program.dataflow import solve
from stepgraph.program.domain import Domain, Exits, Leaf
from stepgraph.program.ir import Block

Reached: TypeAlias = tuple[()]


def reached_exits(block: Block) -> Exits[Reached]:
    """Return the ways in which a block may be left: None for those in which it is not."""
    return solve(block, (), _Reachability())


class _Reachability(Domain[Reached]):
    """One state: a point is reached."""

    def transfer(self, operation: Leaf, state: Reached) -> Reached:
        del operation
        return state

    def join(self, one: Reached, other: Reached) -> Reached:
        del other
        return one
