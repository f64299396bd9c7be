"""All runs that a graph allows, enumerated from the payload.

A run is the set of executed steps, each with the steps that are over when it starts. `stepgraph.order` shares no code
with it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import count
from typing import Literal, TypeAlias, cast

from stepgraph.model.payload import FunctionDef, Graph, Node

Exit: TypeAlias = Literal["on", "break", "return", "failed"]
Passes: TypeAlias = tuple[tuple[object, int], ...]

_MAX_CALLS = 2
"""Maximum depth of recursive calls."""

_MAX_NODES = 1000
"""Maximum number of visited nodes. A graph may have exponentially many runs."""


class _LimitReachedError(Exception):
    """The run visited the maximum number of nodes."""


@dataclass(frozen=True, eq=False)
class Event:
    """One execution of a step, with its iterations and calls, finished steps, and enclosing steps."""

    name: str
    passes: Passes
    after: frozenset[Event]
    within: frozenset[Event]


@dataclass(frozen=True)
class World:
    """The state of a run: finished steps, steps that finish at a clock, and all executed steps."""

    over: frozenset[Event] = frozenset()
    clocked: frozenset[tuple[Event, float]] = frozenset()
    events: frozenset[Event] = frozenset()

    def with_run(self, event: Event) -> World:
        return replace(self, events=self.events | {event})


@dataclass(frozen=True)
class Context:
    """The surroundings of a node."""

    functions: Mapping[str, FunctionDef]
    passes: Passes = ()
    within: frozenset[Event] = frozenset()
    may_fail: bool = False
    in_group: bool = False
    visited: count[int] = field(default_factory=count)


_numbers = count()

Outcome: TypeAlias = tuple[World, Exit]


def runs_of(graph: Graph) -> Iterator[frozenset[Event]]:
    """Yield runs of a workflow up to the limit."""
    workflow = graph["workflow"]
    try:
        for world, _ in _list(workflow["nodes"], World(), Context(workflow["functions"])):
            yield world.events
    except _LimitReachedError:
        return


def in_one_pass(first: Event, second: Event) -> bool:
    """Return whether two executions are in the same iteration and call of everything around both."""
    shared = 0
    while shared < min(len(first.passes), len(second.passes)) and first.passes[shared] == second.passes[shared]:
        shared += 1
    scopes = {scope for scope, _ in first.passes[shared:]}, {scope for scope, _ in second.passes[shared:]}
    again = first.passes[shared - 1][0] if shared else None
    return not scopes[0] & scopes[1] and again not in scopes[0] | scopes[1]


def _list(nodes: Sequence[Node], world: World, context: Context) -> Iterator[Outcome]:
    if not nodes:
        yield world, "on"
        return
    for after, exit_ in _node(nodes[0], world, context):
        if exit_ == "on":
            yield from _list(nodes[1:], after, context)
        else:
            yield after, exit_


def _node(node: Node, world: World, context: Context) -> Iterator[Outcome]:
    if next(context.visited) > _MAX_NODES:
        raise _LimitReachedError
    match node["type"]:
        case "break":
            yield world, node["kind"]
        case "if" | "switch":
            yield from _choice([(each["condition"], each["nodes"]) for each in node["branches"]], world, context)
        case "block":
            yield from _list(node["nodes"], world, replace(context, in_group=False))
        case "loop":
            yield from _loop(node, node["nodes"], world, world, context, 2)
        case "parallel":
            yield from _group(node["kind"], node["nodes"], world, context)
        case "try":
            blocks = {key: cast("list[Node]", block["nodes"]) for key, block in node.items() if isinstance(block, dict)}
            yield from _try(blocks, world, context)
        case "function_call" | "step_do":
            yield from _work(node, world, context)
        case _:
            raise NotImplementedError(node["type"])


def _choice(branches: list[tuple[str | None, list[Node]]], world: World, context: Context) -> Iterator[Outcome]:
    for _, nodes in branches:
        yield from _list(nodes, world, context)
    if all(condition is not None for condition, _ in branches):
        yield world, "on"


def _loop(
    loop: Node, nodes: list[Node], first: World, world: World, context: Context, passes: int
) -> Iterator[Outcome]:
    yield world, "on"
    if not passes:
        return
    inner = replace(context, passes=(*context.passes, (id(loop), next(_numbers))))
    # Iterations in a group may be concurrent.
    begun = replace(world, over=first.over, clocked=first.clocked) if context.in_group else world
    for after, exit_ in _list(nodes, begun, inner):
        merged = replace(after, over=after.over | world.over, clocked=after.clocked | world.clocked)
        if exit_ == "on":
            yield from _loop(loop, nodes, first, merged, context, passes - 1)
        else:
            yield merged, "on" if exit_ == "break" else exit_


def _group(kind: str, members: list[Node], world: World, context: Context) -> Iterator[Outcome]:
    for after, exit_ in _members(members, world, world, replace(context, in_group=True)):
        begun = after.events - world.events
        if exit_ == "failed" and kind == "all":
            yield after, exit_
            continue
        unresolved = {event for event, clock in after.clocked if clock == float("inf")}
        over = world.over if kind in {"any", "race"} else world.over | (begun - unresolved)
        yield replace(after, over=over), "on" if exit_ == "failed" else exit_


def _members(members: list[Node], first: World, world: World, context: Context) -> Iterator[Outcome]:
    """Run the members of a group concurrently, except for their clocks. One of the failing members is chosen."""
    if not members:
        yield world, "on"
        return
    for after, exit_ in _node(members[0], replace(world, over=first.over), context):
        if exit_ not in {"on", "failed"}:
            yield after, exit_
            continue
        for rest, end in _members(members[1:], first, replace(after, over=first.over), context):
            if exit_ == "failed":
                # Only finished and failed work is over; other members continue.
                yield replace(rest, over=after.over), "failed"
            else:
                yield rest, end


def _try(blocks: Mapping[str, list[Node]], world: World, context: Context) -> Iterator[Outcome]:
    for after, exit_ in _list(blocks.get("try_block", []), world, replace(context, may_fail=True)):
        if exit_ != "failed":
            yield from _finally(blocks, after, exit_, context)
            continue
        for handled, end in _handled(blocks, after, context):
            yield from _finally(blocks, handled, end, context)


def _handled(blocks: Mapping[str, list[Node]], world: World, context: Context) -> Iterator[Outcome]:
    handler = blocks.get("catch_block", [])
    if len(handler) == 1 and handler[0]["type"] == "switch":
        for branch in handler[0]["branches"]:
            yield from _list(branch["nodes"], world, context)
    else:
        yield from _list(handler, world, context)
    if context.may_fail:
        yield world, "failed"


def _finally(blocks: Mapping[str, list[Node]], world: World, exit_: Exit, context: Context) -> Iterator[Outcome]:
    for after, end in _list(blocks.get("finally_block", []), world, context):
        yield after, exit_ if end == "on" else end


def _work(node: Node, world: World, context: Context) -> Iterator[Outcome]:
    """Run a step or call after finished work and due clocks. It finishes at `resolves` or at once."""
    fields = cast("Mapping[str, float]", node)
    starts, resolves = fields.get("starts"), fields.get("resolves")
    due = frozenset(event for event, clock in world.clocked if starts is not None and clock <= starts)
    begun = replace(world, over=world.over | due, clocked=frozenset())
    for after, exit_ in _done(node, begun, context):
        new = after.events - world.events
        pending = {event for event, clock in after.clocked if clock == float("inf")}
        clock = float("inf") if resolves is None else resolves
        if starts is None:
            clocked = world.clocked | {(event, float("inf")) for event in pending}
            yield replace(after, over=world.over | (after.over & new), clocked=clocked), exit_
        else:
            ends = {(event, float("inf") if event in pending or event not in after.over else clock) for event in new}
            over = world.over | (after.over & new) if exit_ == "failed" else world.over
            yield replace(after, over=over, clocked=world.clocked | ends), exit_


def _done(node: Node, world: World, context: Context) -> Iterator[Outcome]:
    if node["type"] == "function_call":
        passes = (*context.passes, (node["name"], next(_numbers)))
        if sum(scope == node["name"] for scope, _ in passes) > _MAX_CALLS:
            return
        inner = replace(context, passes=passes, in_group=False)
        for after, exit_ in _list(context.functions[node["name"]]["nodes"], world, inner):
            yield after, "failed" if exit_ == "failed" else "on"
        return
    assert node["type"] == "step_do"
    event = Event(node["name"], context.passes, world.over, context.within)
    inner = replace(context, within=context.within | {event}, in_group=False)
    for after, exit_ in _list(node["nodes"], world.with_run(event), inner):
        done = replace(after, over=after.over | {event})
        yield done, "failed" if exit_ == "failed" else "on"
        if context.may_fail and exit_ != "failed":
            yield done, "failed"
