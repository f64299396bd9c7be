"""Payload nodes of activities and of partial orders."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, TypeAlias, TypeGuard

from stepgraph.ir.nodes import EventWait, PayloadShape, Sleep, SleepUntil, StepRun
from stepgraph.ir.step_settings import MergedStepConfig
from stepgraph.model.walk import is_clocked

if TYPE_CHECKING:
    from stepgraph.graph.partial_order import Clocked, OrderPart
    from stepgraph.model.payload import (
        Block,
        Node,
        ObjectShape,
        Parallel,
        ParallelKind,
        Retries,
        Shape,
        StepConfig,
        StepDo,
        StepSleep,
        StepSleepUntil,
        StepWaitForEvent,
        UnknownShape,
    )


def step_do(run: StepRun, nodes: list[Node]) -> StepDo:
    """Return the node of a step. `nodes` are the nodes of its body."""
    definition = run.definition
    return {"type": "step_do", "name": definition.name, "config": _config(definition.settings), "nodes": nodes}


def leaf_node(activity: Sleep | SleepUntil | EventWait) -> StepSleep | StepSleepUntil | StepWaitForEvent:
    """Return the node of a sleep or an event wait."""
    match activity:
        case Sleep(name=name, duration=duration):
            return {"type": "step_sleep", "name": name, "duration": duration}
        case SleepUntil(name=name, timestamp=timestamp):
            return {"type": "step_sleep_until", "name": name, "timestamp": timestamp}
        case EventWait():
            return _wait(activity)


def payload_shape(payload: PayloadShape) -> Shape | None:
    """Return the shape of a payload, or None if the program reads no key of it."""
    return _value_shape(payload) if payload.fields else None


def _value_shape(value: PayloadShape) -> Shape:
    if not value.fields:
        unknown: UnknownShape = {"type": "unknown"}
        return unknown
    result: ObjectShape = {
        "type": "object",
        "fields": {key: _value_shape(inner) for key, inner in value.fields.items()},
    }
    return result


def _wait(wait: EventWait) -> StepWaitForEvent:
    node: StepWaitForEvent = {"type": "step_wait_for_event", "name": wait.name}
    if wait.event_type is not None:
        node["options"] = {"event_type": wait.event_type, "timeout": wait.timeout}
    payload = payload_shape(wait.payload)
    if payload is not None:
        node["payload"] = payload
    return node


def _config(settings: MergedStepConfig) -> StepConfig:
    retries: Retries = {"limit": settings.limit, "delay": settings.delay, "backoff": settings.backoff}
    return {"retries": retries, "timeout": settings.timeout}


MemberNodes: TypeAlias = "Sequence[list[Node]]"
"""The nodes of each member of a partial order."""


def parallel(part: OrderPart, contents: MemberNodes, kind: ParallelKind, clock: int) -> tuple[Parallel, int]:
    """Return a parallel that begins at `clock`, and the clock at its end."""
    from stepgraph.graph.partial_order import Clocked, InParallel

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
    """Return the nodes of members with clocks from `clock` on, and the clock at the end of all members."""
    nodes: list[Node] = []
    for member in part.members:
        set_clocks(contents[member.index], clock + member.starts, clock + member.resolves)
        nodes += contents[member.index]
    return nodes, clock + part.last


def without_clocks(part: OrderPart, contents: MemberNodes) -> list[Node]:
    """Return the nodes of a partial order as a sequence without clocks."""
    from stepgraph.graph.partial_order import Clocked, InParallel, InSeries

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


def unclocked_predecessors(before: Sequence[int], contents: MemberNodes) -> Iterator[tuple[Node, list[str]]]:
    """Yield nodes, each with the names of its immediate predecessors in a partial order that the clocks do not show.

    Bit i of `before[j]` means that member i is done before member j begins. Members with several nodes have no clocks.
    """
    from stepgraph.bit_sets import bits

    for nodes, predecessors in zip(contents, before, strict=True):
        if not predecessors or len(nodes) != 1 or not is_clocked(later := nodes[0]) or "starts" not in later:
            continue
        earlier = 0
        for index in bits(predecessors):
            earlier |= before[index]
        single = [contents[index][0] for index in bits(predecessors & ~earlier) if len(contents[index]) == 1]
        lost = [each["name"] for each in single if is_clocked(each) and each.get("resolves", 0) > later["starts"]]
        if lost:
            yield later, lost


def _block(part: OrderPart, contents: MemberNodes) -> Block:
    return {"type": "block", "nodes": without_clocks(part, contents)}


def set_clocks(nodes: Sequence[Node], starts: int, resolves: int | None) -> None:
    """Set the clocks of nodes. With `resolves`, a sequence gets no clocks, because its order is more precise."""
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
                if is_clocked(node):
                    node["starts"] = starts
                    if resolves is not None:
                        node["resolves"] = resolves


def is_series(node: Node) -> TypeGuard[Block]:
    """Return whether a node is a block: the nodes of a `Series`, or of a sequence in a partial order."""
    return node["type"] == "block"


def repeats_series(node: Node) -> bool:
    """Return whether a node is a loop with a block."""
    return node["type"] == "loop" and any(is_series(inner) or repeats_series(inner) for inner in node["nodes"])


def has_clock(node: Node) -> bool:
    """Return whether a node, or a node in it, may have a clock of the group around it."""
    match node["type"]:
        case "block":
            return False
        case "loop" | "parallel":
            return any(map(has_clock, node["nodes"]))
        case "if" | "switch":
            return any(has_clock(inner) for branch in node["branches"] for inner in branch["nodes"])
        case "try":
            return True
        case _:
            return "starts" in node
