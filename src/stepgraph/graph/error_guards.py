"""The `try` blocks and groups that show errors around the await of a group."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from stepgraph.graph.own_groups import awaits_in
from stepgraph.ir.nodes import (
    Call,
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
    return wrap_in_try(nodes, operations) if waits_for_call and _raises_unseen(operations) else nodes


def wrap_in_try(nodes: list[Node], operations: Sequence[Operation]) -> list[Node]:
    """Wrap the nodes of a group in a `try` if a `try` around the await of the group may catch exceptions."""
    if not _catch_await(operations):
        return nodes
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
    return any(
        isinstance(operation, StartOperation)
        and isinstance(operation.activity, Call)
        and operation.activity.function.raises_unseen
        for operation in operations_in(OperationBlock(tuple(operations)))
    )


def _catch_await(operations: Sequence[Operation]) -> bool:
    return any(
        isinstance(operation, TryOperation) and operation.catches and any(True for _ in awaits_in(operation.body))
        for operation in operations_in(OperationBlock(tuple(operations)))
    )
