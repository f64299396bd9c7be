"""The runs that a graph allows, enumerated: the payload's grammar played through, choice by choice.

Each run is the steps that it has, and for each which others are certainly over when it starts. That shares no code with
what judges the order of two steps from where they stand.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import count
from typing import Literal, TypeAlias, cast

from stepgraph.model.payload import FunctionDef, Graph, Node

Exit: TypeAlias = Literal["on", "break", "return", "failed"]
Passes: TypeAlias = tuple[tuple[object, int], ...]

_MOST_CALLS = 2
"""How often a function may be under way at once."""

_MOST_NODES = 1000
"""How many nodes are gone through. There may be more runs than anyone can wait for."""


class _EnoughError(Exception):
    """As many nodes as are wanted."""


@dataclass(frozen=True, eq=False)
class Event:
    """A run of a step: in which passes, and after which others."""

    name: str
    passes: Passes
    after: frozenset[Event]
    within: frozenset[Event]


@dataclass(frozen=True)
class World:
    """How far a run has come: what is over, what goes on and over at which clock, and all that has run."""

    over: frozenset[Event] = frozenset()
    clocked: frozenset[tuple[Event, float]] = frozenset()
    events: frozenset[Event] = frozenset()

    def with_run(self, event: Event) -> World:
        return replace(self, events=self.events | {event})


@dataclass(frozen=True)
class Around:
    """What a node stands in."""

    functions: Mapping[str, FunctionDef]
    passes: Passes = ()
    within: frozenset[Event] = frozenset()
    may_fail: bool = False
    in_group: bool = False
    gone_through: count[int] = field(default_factory=count)


_numbers = count()

Outcome: TypeAlias = tuple[World, Exit]


def runs_of(graph: Graph) -> Iterator[frozenset[Event]]:
    """Yield the runs of a workflow, as many as there is time for."""
    workflow = graph["workflow"]
    try:
        for world, _ in _list(workflow["nodes"], World(), Around(workflow["functions"])):
            yield world.events
    except _EnoughError:
        return


def in_one_pass(one: Event, other: Event) -> bool:
    """Whether two runs of steps are in the same pass of each loop and function around both."""
    shared = 0
    while shared < min(len(one.passes), len(other.passes)) and one.passes[shared] == other.passes[shared]:
        shared += 1
    ways = {scope for scope, _ in one.passes[shared:]}, {scope for scope, _ in other.passes[shared:]}
    again = one.passes[shared - 1][0] if shared else None
    return not ways[0] & ways[1] and again not in ways[0] | ways[1]


def _list(nodes: Sequence[Node], world: World, around: Around) -> Iterator[Outcome]:
    if not nodes:
        yield world, "on"
        return
    for after, way in _node(nodes[0], world, around):
        if way == "on":
            yield from _list(nodes[1:], after, around)
        else:
            yield after, way


def _node(node: Node, world: World, around: Around) -> Iterator[Outcome]:
    if next(around.gone_through) > _MOST_NODES:
        raise _EnoughError
    match node["type"]:
        case "break":
            yield world, node["kind"]
        case "if" | "switch":
            yield from _choice([(each["condition"], each["nodes"]) for each in node["branches"]], world, around)
        case "block":
            yield from _list(node["nodes"], world, replace(around, in_group=False))
        case "loop":
            yield from _loop(node, node["nodes"], world, world, around, 2)
        case "parallel":
            yield from _group(node["kind"], node["nodes"], world, around)
        case "try":
            blocks = {key: cast("list[Node]", block["nodes"]) for key, block in node.items() if isinstance(block, dict)}
            yield from _try(blocks, world, around)
        case "function_call" | "step_do":
            yield from _work(node, world, around)
        case _:
            raise NotImplementedError(node["type"])


def _choice(branches: list[tuple[str | None, list[Node]]], world: World, around: Around) -> Iterator[Outcome]:
    for _, nodes in branches:
        yield from _list(nodes, world, around)
    if all(condition is not None for condition, _ in branches):
        yield world, "on"


def _loop(loop: Node, nodes: list[Node], first: World, world: World, around: Around, passes: int) -> Iterator[Outcome]:
    yield world, "on"
    if not passes:
        return
    inner = replace(around, passes=(*around.passes, (id(loop), next(_numbers))))
    # Passes in a group may be concurrent.
    begun = replace(world, over=first.over, clocked=first.clocked) if around.in_group else world
    for after, way in _list(nodes, begun, inner):
        merged = replace(after, over=after.over | world.over, clocked=after.clocked | world.clocked)
        if way == "on":
            yield from _loop(loop, nodes, first, merged, around, passes - 1)
        else:
            yield merged, "on" if way == "break" else way


def _group(kind: str, members: list[Node], world: World, around: Around) -> Iterator[Outcome]:
    for after, way in _members(members, world, world, replace(around, in_group=True)):
        begun = after.events - world.events
        if way == "failed" and kind == "all":
            yield after, way
            continue
        unresolved = {event for event, clock in after.clocked if clock == float("inf")}
        over = world.over if kind in {"any", "race"} else world.over | (begun - unresolved)
        yield replace(after, over=over), "on" if way == "failed" else way


def _members(members: list[Node], first: World, world: World, around: Around) -> Iterator[Outcome]:
    """Each member begins with the group, as far as clocks do not say otherwise. Of those that fail, one is seen."""
    if not members:
        yield world, "on"
        return
    for after, way in _node(members[0], replace(world, over=first.over), around):
        if way not in {"on", "failed"}:
            yield after, way
            continue
        for rest, end in _members(members[1:], first, replace(after, over=first.over), around):
            if way == "failed":
                # What is over is what was over, and what has failed: the others go on.
                yield replace(rest, over=after.over), "failed"
            else:
                yield rest, end


def _try(blocks: Mapping[str, list[Node]], world: World, around: Around) -> Iterator[Outcome]:
    for after, way in _list(blocks.get("try_block", []), world, replace(around, may_fail=True)):
        if way != "failed":
            yield from _finally(blocks, after, way, around)
            continue
        for handled, end in _handled(blocks, after, around):
            yield from _finally(blocks, handled, end, around)


def _handled(blocks: Mapping[str, list[Node]], world: World, around: Around) -> Iterator[Outcome]:
    handler = blocks.get("catch_block", [])
    if len(handler) == 1 and handler[0]["type"] == "switch":
        for branch in handler[0]["branches"]:
            yield from _list(branch["nodes"], world, around)
    else:
        yield from _list(handler, world, around)
    if around.may_fail:
        yield world, "failed"


def _finally(blocks: Mapping[str, list[Node]], world: World, way: Exit, around: Around) -> Iterator[Outcome]:
    for after, end in _list(blocks.get("finally_block", []), world, around):
        yield after, way if end == "on" else end


def _work(node: Node, world: World, around: Around) -> Iterator[Outcome]:
    """A step or a call: begun after what is over, at its clock too, and over at another, or on the spot."""
    fields = cast("Mapping[str, float]", node)
    starts, resolves = fields.get("starts"), fields.get("resolves")
    due = frozenset(event for event, clock in world.clocked if starts is not None and clock <= starts)
    begun = replace(world, over=world.over | due, clocked=frozenset())
    for after, way in _done(node, begun, around):
        new = after.events - world.events
        left = {event for event, clock in after.clocked if clock == float("inf")}
        clock = float("inf") if resolves is None else resolves
        if starts is None:
            clocked = world.clocked | {(event, float("inf")) for event in left}
            yield replace(after, over=world.over | (after.over & new), clocked=clocked), way
        else:
            ends = {(event, float("inf") if event in left or event not in after.over else clock) for event in new}
            over = world.over | (after.over & new) if way == "failed" else world.over
            yield replace(after, over=over, clocked=world.clocked | ends), way


def _done(node: Node, world: World, around: Around) -> Iterator[Outcome]:
    if node["type"] == "function_call":
        passes = (*around.passes, (node["name"], next(_numbers)))
        if sum(scope == node["name"] for scope, _ in passes) > _MOST_CALLS:
            return
        inner = replace(around, passes=passes, in_group=False)
        for after, way in _list(around.functions[node["name"]]["nodes"], world, inner):
            yield after, "failed" if way == "failed" else "on"
        return
    assert node["type"] == "step_do"
    event = Event(node["name"], around.passes, world.over, around.within)
    inner = replace(around, within=around.within | {event}, in_group=False)
    for after, way in _list(node["nodes"], world.with_run(event), inner):
        done = replace(after, over=after.over | {event})
        yield done, "failed" if way == "failed" else "on"
        if around.may_fail and way != "failed":
            yield done, "failed"
