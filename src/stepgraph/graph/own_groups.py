"""Gathers, waits and races that are a `parallel` of their own, inside the group of whatever is live."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from msgspec import Struct

from stepgraph.graph.liveness import Liveness
from stepgraph.ir.nodes import (
    Await,
    AwaitGroup,
    Block,
    Choice,
    Loop,
    Operation,
    Start,
    TaskId,
    blocks_of,
    started_in,
    task_ids_of,
)
from stepgraph.model.payload import ParallelKind


class OwnGroup(Struct, frozen=True, eq=False):
    """A group drawn as a parallel in a block, which is that of all the work started for it."""

    kind: ParallelKind
    block: int


def own_groups(body: Block, live: Liveness) -> dict[TaskId, tuple[OwnGroup, ...]]:
    """Return, for the work in them, the groups of a body that are parallels of their own, outermost first.

    Those are the groups written inside others, and those of another kind than `all`; work that was started before, and
    not for such a group, stays where it was started.
    """
    found: dict[TaskId, tuple[OwnGroup, ...]] = {}
    for join in _joins(body):
        _collect(join.group, _kind(join, live), (), live, found)
    return found


def _joins(block: Block) -> Iterator[Await]:
    for operation in block.operations:
        if isinstance(operation, Await):
            yield operation
        for inner in blocks_of(operation):
            yield from _joins(inner)


def _kind(join: Await, live: Liveness) -> ParallelKind:
    """What is taken as it is over, by a loop that can leave early, is a race."""
    return "race" if join.group.in_turn and id(join) in live.raced else join.group.kind


def _collect(
    group: AwaitGroup,
    kind: ParallelKind,
    around: tuple[OwnGroup, ...],
    live: Liveness,
    found: dict[TaskId, tuple[OwnGroup, ...]],
) -> None:
    own = sorted(task_id for task_id in group.own if task_id in live.homes)
    if own and (group.nested or kind != "all"):
        around = (*around, OwnGroup(kind, _home(group, own, live)))
    for member in group.members:
        if isinstance(member, AwaitGroup):
            _collect(member, member.kind, around if member.nested else (), live, found)
        elif member.task_id in group.own and around:
            found.setdefault(member.task_id, around)


def _home(group: AwaitGroup, task_ids: Sequence[TaskId], live: Liveness) -> int:
    """Return the innermost block that holds all starts of a group's work, in no more loops than the group itself."""
    first, *others = (live.homes[task_id] for task_id in task_ids)
    home, loops = first[0], 0
    for depth, block in enumerate(first):
        loops += block in live.loops
        if loops > group.loops or any(path[depth : depth + 1] != (block,) for path in others):
            break
        home = block
    return home


def kind_of(operations: Sequence[Operation], live: Liveness) -> ParallelKind | None:
    """Return the kind of the join that covers a group exactly, None if the group holds anything else."""
    last = operations[-1]
    join = next(_joins(Block((last,))), None)
    if join is None or not (last is join or (isinstance(last, Loop) and join.each)):
        return None
    members = task_ids_of(join.group)
    if any(isinstance(member, AwaitGroup) and member.own for member in join.group.members):
        return None
    if not all(_only_starts(operation) and members.issuperset(started_in(operation)) for operation in operations[:-1]):
        return None
    return _kind(join, live)


def _only_starts(operation: Operation) -> bool:
    """Whether an operation does nothing but start work."""
    if isinstance(operation, Start):
        return True
    inner = [operation for block in blocks_of(operation) for operation in block.operations]
    return isinstance(operation, Loop | Choice) and bool(inner) and all(map(_only_starts, inner))
