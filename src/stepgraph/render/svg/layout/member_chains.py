"""Members of a group that run one after another between the same two bars, although their clocks do not order them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import accumulate
from typing import TYPE_CHECKING, Final

from msgspec.structs import replace

from stepgraph.model.details import Details
from stepgraph.render.svg.figures.clock_rows import MemberFigure
from stepgraph.render.svg.figures.figure import GAP
from stepgraph.render.svg.figures.stack import Stack
from stepgraph.render.svg.lengths import value_of

_BAR: Final = 8
"""The distance from the bottom of a member to a bar that passes below it."""

if TYPE_CHECKING:
    from stepgraph.model.payload import Node


def with_chains(members: Sequence[MemberFigure], nodes: Sequence[Node], details: Details) -> list[MemberFigure]:
    """Return members, with each chain of predecessors and successors as one member that is a sequence.

    A node joins the longest chain that ends with one of its predecessors. A chain has the rows of each of its members,
    so that the picture shows no other order than before. Chains that end first come first, because members of other
    chains may need them.
    """
    named = Counter(str(node.get("name", "")) for node in nodes)
    chain_of: dict[str, list[int]] = {}
    chains: list[list[int]] = []
    for index, node in enumerate(nodes):
        name = str(node.get("name", ""))
        ends = [
            chain
            for predecessor in details.of(node).predecessors
            if named[predecessor] == 1 and (chain := chain_of.get(predecessor)) and _can_follow(members, chain, index)
        ]
        if ends and named[name] == 1:
            chain = max(ends, key=len)
            chain_of.pop(str(nodes[chain[-1]].get("name", "")))
            chain.append(index)
        else:
            chain = [index]
            chains.append(chain)
        chain_of[name] = chain
    return [_chain([members[index] for index in chain]) for chain in sorted(chains, key=max)]


def _can_follow(members: Sequence[MemberFigure], chain: Sequence[int], index: int) -> bool:
    """Return whether a member is between the same bars as the last member of a chain, which leads on to it."""
    last, member = members[chain[-1]], members[index]
    return last.rows == member.rows and last.awaited and member.awaited and last.figure.continues


def _chain(members: Sequence[MemberFigure]) -> MemberFigure:
    if len(members) == 1:
        return members[0]
    figures = [member.figure for member in members]
    tops = accumulate(value_of(figure.height) + GAP for figure in figures[:-1])
    passages = [top - GAP + _BAR for top in tops]
    return replace(members[0], figure=Stack(figures, tail=0, entered=False), passages=passages)
