"""The `try` blocks and groups that show errors around the await of a group."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from stepgraph.graph.own_groups import awaits_in
from stepgraph.ir.await_groups import TaskId, task_ids_of
from stepgraph.ir.nodes import (
    Call,
    LoopOperation,
    Operation,
    OperationBlock,
    StartOperation,
    TryOperation,
    operations_in,
)
from stepgraph.model.walk import walk

if TYPE_CHECKING:
    from stepgraph.model.payload import Node, Try


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
    """Return whether a group around a single call is needed to show that code may run after an error.

    The group is needed if the await returns the error as a result, or if the call may continue after an error of other
    code.
    """
    groups = [await_.group for await_ in awaits_in(OperationBlock(tuple(operations)))]
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
        operation.task_id
        for operation in operations_in(block)
        if isinstance(operation, StartOperation)
        and isinstance(operation.activity, Call)
        and operation.activity.function.raises_unseen
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
