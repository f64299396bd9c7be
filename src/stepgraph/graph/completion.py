"""Interprocedural analysis of the caller's tasks that a function awaits: `async def finish(task): await task`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from msgspec.structs import replace

from stepgraph.graph.calls import Calls
from stepgraph.graph.control import structured
from stepgraph.graph.liveness import must_be_over
from stepgraph.graph.reach import BodyOf, functions_with_steps, reachable
from stepgraph.ir.nodes import (
    Block,
    Call,
    Function,
    Start,
    TaskId,
    blocks_of,
    mentioned_in,
    started_in,
)


def calls_of(body: Block, body_of: BodyOf) -> Calls:
    """Return the summaries of the functions that a program calls."""
    functions = reachable(body, body_of)
    calls = Calls(functions_with_steps(functions, body_of))
    bodies = [body, *map(body_of, functions)]
    if not any(map(_callers_tasks, bodies)):
        return calls
    tasks = {task_id: function for inner in bodies for task_id, function in _called_tasks(inner)}
    while True:
        # Callees come first, so that only mutual recursion needs another round.
        refined = calls
        for function in reversed(functions):
            refined = _with_summary(refined, function, structured(body_of(function), refined), tasks)
        if refined.completed == calls.completed:
            return refined
        calls = refined


def _with_summary(calls: Calls, function: Function, body: Block, tasks: Mapping[TaskId, Function]) -> Calls:
    callers_tasks = _callers_tasks(body)
    completed = must_be_over(body, callers_tasks) if callers_tasks else ()
    if completed == calls.over_after(function):
        return calls
    implied = {task_id: completed for task_id, callee in tasks.items() if callee is function}
    return replace(calls, completed={**calls.completed, id(function): completed}, implied={**calls.implied, **implied})


def _callers_tasks(body: Block) -> frozenset[TaskId]:
    """Return the tasks that a body awaits but does not start."""
    started = {task_id for operation in body.operations for task_id in started_in(operation)}
    return frozenset(task_id for task_id in mentioned_in(body) if task_id not in started)


def _called_tasks(block: Block) -> Iterator[tuple[TaskId, Function]]:
    """Yield the tasks of a block that call a function, with that function."""
    for operation in block.operations:
        if isinstance(operation, Start) and isinstance(operation.activity, Call):
            yield operation.task_id, operation.activity.function
        for inner in blocks_of(operation):
            yield from _called_tasks(inner)
