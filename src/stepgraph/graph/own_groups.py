"""Gathers, waits and races that the graph shows as separate parallels inside the group of a live range."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from msgspec import Struct

from stepgraph.graph.liveness import Liveness
from stepgraph.ir.await_groups import AwaitGroup, TaskId, task_ids_of
from stepgraph.ir.nodes import (
    Await,
    Call,
    Choice,
    LoopOperation,
    Operation,
    OperationBlock,
    Pause,
    StartOperation,
    Suspension,
    TryOperation,
    child_blocks,
    operations_in,
)
from stepgraph.ir.walk import tasks_started_by
from stepgraph.model.walk import walk
from stepgraph.syntax.module import SourcePlace

if TYPE_CHECKING:
    from stepgraph.model.payload import Node, ParallelKind, Try


class SeparateGroup(Struct, frozen=True, eq=False):
    """An await group drawn as a separate parallel."""

    kind: ParallelKind
    block: int
    """The `id` of the block that contains the parallel and the starts of all tasks of the group, possibly nested."""
    place: SourcePlace
    """The location of the await."""


class ShownGroup(Struct, frozen=True):
    """An await group as the graph shows it."""

    kind: ParallelKind
    place: SourcePlace
    """The location of the await."""


def separate_groups_by_task(body: OperationBlock, live: Liveness) -> dict[TaskId, tuple[SeparateGroup, ...]]:
    """Return, for each task, the separate parallels of a body that contain the task, outermost first.

    A group is separate if it is nested in another group, or if its kind is not `all`. A separate parallel contains
    only tasks that the arguments of the group start. A task that started earlier stays at its start.
    """
    groups_by_task: dict[TaskId, tuple[SeparateGroup, ...]] = {}
    for operation in awaits_in(body):
        _collect(operation.group, ShownGroup(_kind(operation, live), operation.place), (), live, groups_by_task)
    return groups_by_task


def awaits_in(block: OperationBlock) -> Iterator[Await]:
    """Yield the awaits in a block and its nested blocks."""
    return (operation for operation in operations_in(block) if isinstance(operation, Await))


def _kind(operation: Await, live: Liveness) -> ParallelKind:
    """Return the kind of an await. A loop over `as_completed` with an early exit is a race."""
    return "race" if operation.group.in_completion_order and id(operation) in live.races else operation.group.kind


def _collect(
    group: AwaitGroup,
    shown: ShownGroup,
    enclosing: tuple[SeparateGroup, ...],
    live: Liveness,
    groups_by_task: dict[TaskId, tuple[SeparateGroup, ...]],
) -> None:
    task_ids = sorted(task_id for task_id in group.started_tasks if task_id in live.start_blocks)
    if task_ids and (group.nested or shown.kind != "all"):
        enclosing = (*enclosing, SeparateGroup(shown.kind, _common_block(group, task_ids, live), shown.place))
    for member in group.members:
        if isinstance(member, AwaitGroup):
            _collect(
                member, ShownGroup(member.kind, shown.place), enclosing if member.nested else (), live, groups_by_task
            )
        elif member.task_id in group.started_tasks and enclosing:
            groups_by_task.setdefault(member.task_id, enclosing)


def _common_block(group: AwaitGroup, task_ids: Sequence[TaskId], live: Liveness) -> int:
    """Return the `id` of the innermost block with the starts of all tasks, in no more loops than the group itself."""
    first, *more_paths = (live.start_blocks[task_id] for task_id in task_ids)
    common, loops = first[0], 0
    for depth, block in enumerate(first):
        loops += block in live.loops
        if loops > group.loop_depth or any(path[depth : depth + 1] != (block,) for path in more_paths):
            break
        common = block
    return common


def exact_group(operations: Sequence[Operation], live: Liveness) -> ShownGroup | None:
    """Return the group of the await that ends a live range.

    Return None if the range does more than start and await tasks of the group, or if a nested group starts tasks.
    """
    last = operations[-1]
    final_await = next(awaits_in(OperationBlock((last,))), None)
    if final_await is None or not (
        last is final_await or (isinstance(last, LoopOperation) and final_await.one_per_iteration)
    ):
        return None
    members = task_ids_of(final_await.group)
    if any(isinstance(member, AwaitGroup) and member.started_tasks for member in final_await.group.members):
        return None
    if not all(
        _only_starts(operation) and members.issuperset(tasks_started_by(operation)) for operation in operations[:-1]
    ):
        return None
    return ShownGroup(_kind(final_await, live), final_await.place)


def _only_starts(operation: Operation) -> bool:
    """Return whether an operation only starts activities, possibly in loops and branches and after pauses.

    A pause that may not suspend may be an await of some of the started tasks.
    """
    if isinstance(operation, StartOperation):
        return True
    if isinstance(operation, Pause):
        return operation.suspension is Suspension.ALWAYS
    inner = [operation for block in child_blocks(operation) for operation in block.operations]
    return isinstance(operation, LoopOperation | Choice) and bool(inner) and all(map(_only_starts, inner))


def guard_unseen_error(nodes: list[Node], operations: Sequence[Operation]) -> list[Node]:
    """Wrap a group in a `try` if a handler around its await may catch errors that the graph does not show.

    A call without a completion clock needs no `try`, because code after its await may run before its steps anyway.
    """
    waits_for_call = any(node["type"] == "function_call" and "resolves" in node for node in walk(nodes))
    return _in_try(nodes) if waits_for_call and _catch_unseen_error(operations) else nodes


def wrap_in_try(nodes: list[Node], operations: Sequence[Operation]) -> list[Node]:
    """Wrap the nodes of a group in a `try` if a `try` around the await of the group may catch exceptions."""
    return _in_try(nodes) if any(any(awaits_in(body)) for body in _caught_bodies(operations)) else nodes


def _in_try(nodes: list[Node]) -> list[Node]:
    try_node: Try = {"type": "try", "try_block": {"type": "block", "nodes": nodes}}
    return [try_node]


def shows_error(node: Node, operations: Sequence[Operation]) -> bool:
    """Return whether a group around a single step or call is needed to show that code may run after an error.

    The group is needed if the step or call may begin after an error of other code. Around a call, it is also needed if
    the await returns the error as a result, or if the call may continue after an error of other code.
    """
    groups = [await_.group for await_ in awaits_in(OperationBlock(tuple(operations)))]
    if any(group.may_be_skipped for group in groups):
        return True
    return node["type"] == "function_call" and any(
        group.awaits_work_without_steps or group.may_be_left or (group.hides_errors and _raises_unseen(operations))
        for group in groups
    )


def _raises_unseen(operations: Sequence[Operation]) -> bool:
    """Return whether tasks started in operations may fail in code that the graph does not show."""
    return bool(_tasks_raising_unseen(OperationBlock(tuple(operations))))


def _tasks_raising_unseen(block: OperationBlock) -> frozenset[TaskId]:
    """Return the tasks started in a block that may fail in code that the graph does not show."""
    return frozenset(
        task_id
        for operation in operations_in(block)
        if isinstance(operation, StartOperation)
        and isinstance(operation.activity, Call)
        and operation.activity.function.raises_unseen
        for task_id in operation.task_ids
    )


def _catch_unseen_error(operations: Sequence[Operation]) -> bool:
    """Return whether a `try` awaits a task that may fail in unseen code, and that may start outside of the `try`.

    The graph shows a `try` in which tasks start. In a loop, a previous iteration may have started the task.
    """
    block = OperationBlock(tuple(operations))
    tasks = _tasks_raising_unseen(block)
    if not tasks:
        return False
    loops = [operation for operation in operations_in(block) if isinstance(operation, LoopOperation)]
    repeated = {id(body) for loop in loops for body in _caught_bodies(loop.body.operations)}
    return any(
        not (tasks if id(body) in repeated else tasks - _tasks_raising_unseen(body)).isdisjoint(
            task_ids_of(await_.group)
        )
        for body in _caught_bodies(operations)
        for await_ in awaits_in(body)
    )


def _caught_bodies(operations: Sequence[Operation]) -> Iterator[OperationBlock]:
    """Yield the bodies of the `try` statements in operations that catch exceptions."""
    return (
        operation.body
        for operation in operations_in(OperationBlock(tuple(operations)))
        if isinstance(operation, TryOperation) and operation.catches
    )
