"""Payload nodes of a partial order: a parallel whose members carry clocks or are in blocks."""

from __future__ import annotations

from collections.abc import Sequence

from stepgraph.graph.partial_order import Clocked, InParallel, InSeries, Part
from stepgraph.model.payload import Block, Node, Parallel, ParallelKind
from stepgraph.model.walk import as_clocked

MemberNodes = Sequence[list[Node]]
"""The nodes of each member of a partial order."""


def parallel(part: Part, contents: MemberNodes, kind: ParallelKind, clock: int) -> tuple[Parallel, int]:
    """Return a parallel that begins at `clock`, and the clock at its end."""
    if isinstance(part, Clocked):
        nodes, clock = members(part, contents, clock)
        return {"type": "parallel", "kind": kind, "nodes": nodes}, clock
    nodes = []
    single_members: list[list[Node]] = []
    end_clock = clock + 1
    for inner in part.parts if isinstance(part, InParallel) else (part,):
        match inner:
            case int(index):
                single_members.append(contents[index])
                nodes += contents[index]
            case Clocked():
                nested, end_clock = parallel(inner, contents, "all", clock)
                nodes.append(nested)
            case _:
                nodes.append(_block(inner, contents))
    for content in single_members:
        set_clocks(content, clock, end_clock)
    return {"type": "parallel", "kind": kind, "nodes": nodes}, end_clock


def members(part: Clocked, contents: MemberNodes, clock: int) -> tuple[list[Node], int]:
    """Return the nodes of members that begin at `clock` or later, with clocks, and the clock at their end."""
    nodes: list[Node] = []
    for member in part.members:
        set_clocks(contents[member.index], clock + member.starts, clock + member.resolves)
        nodes += contents[member.index]
    return nodes, clock + part.last


def without_clocks(part: Part, contents: MemberNodes) -> list[Node]:
    """Return the nodes of a partial order as a sequence without clocks."""
    match part:
        case int(index):
            return contents[index]
        case InSeries(parts=parts):
            return [node for inner in parts for node in without_clocks(inner, contents)]
        case InParallel(parts=parts):
            nodes: list[Node] = []
            for inner in parts:
                nodes += contents[inner] if isinstance(inner, int) else [_block(inner, contents)]
            group: Parallel = {"type": "parallel", "kind": "all", "nodes": nodes}
            return [group]
        case Clocked():
            raise ValueError("clocks in a block")


def _block(part: Part, contents: MemberNodes) -> Block:
    return {"type": "block", "nodes": without_clocks(part, contents)}


def set_clocks(nodes: Sequence[Node], starts: int, resolves: int | None) -> None:
    """Set the clocks of nodes. A sequence of several resolved nodes stays without, since its order is more precise."""
    if len(nodes) > 1 and resolves is not None:
        return
    for node in nodes:
        match node["type"]:
            case "if" | "switch":
                for branch in node["branches"]:
                    set_clocks(branch["nodes"], starts, resolves)
            case "parallel" | "block":
                if resolves is None:
                    set_clocks(node["nodes"], starts, None)
            case _:
                clocked = as_clocked(node)
                if clocked is not None:
                    clocked["starts"] = starts
                    if resolves is not None:
                        clocked["resolves"] = resolves
