"""Interprocedural analysis of the caller's tasks that a function awaits: `async def finish(task): await task`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from msgspec.structs import replace

from stepgraph.graph.calls import CallSummaries
from stepgraph.graph.control import structure_control_flow
from stepgraph.graph.liveness import must_awaited_tasks
from stepgraph.graph.reach import BodyOf, functions_with_steps, reachable
from stepgraph.ir.await_groups import TaskId
from stepgraph.ir.nodes import Block, Call, Function, Start, child_blocks, task_references, tasks_started_in


def summarize_calls(body: Block, body_of: BodyOf) -> CallSummaries:
    """Return the summaries of the functions that a program calls."""
    functions = reachable(body, body_of)
    calls = CallSummaries(functions_with_steps(functions, body_of))
    bodies = [body, *map(body_of, functions)]
    if not any(map(_callers_tasks, bodies)):
        return calls
    tasks = {task_id: function for inner in bodies for task_id, function in _called_tasks(inner)}
    while True:
        # Callees come first, so that only mutual recursion needs another round.
        refined = calls
        for function in reversed(functions):
            refined = _with_summary(refined, function, structure_control_flow(body_of(function), refined), tasks)
        if refined.completed == calls.completed:
            return refined
        calls = refined


def _with_summary(
    calls: CallSummaries, function: Function, body: Block, tasks: Mapping[TaskId, Function]
) -> CallSummaries:
    callers_tasks = _callers_tasks(body)
    completed = must_awaited_tasks(body, callers_tasks) if callers_tasks else ()
    if completed == calls.tasks_done_after_call(function):
        return calls
    implied = {task_id: completed for task_id, callee in tasks.items() if callee is function}
    return replace(
        calls,
        completed={**calls.completed, id(function): completed},
        tasks_of_callees={**calls.tasks_of_callees, **implied},
    )


def _callers_tasks(body: Block) -> frozenset[TaskId]:
    """Return the tasks that a body awaits but does not start."""
    started = {task_id for operation in body.operations for task_id in tasks_started_in(operation)}
    return frozenset(task_id for task_id in task_references(body) if task_id not in started)


def _called_tasks(block: Block) -> Iterator[tuple[TaskId, Function]]:
    """Yield the tasks of a block that call a function, with that function."""
    for operation in block.operations:
        if isinstance(operation, Start) and isinstance(operation.activity, Call):
            yield operation.task_id, operation.activity.function
        for inner in child_blocks(operation):
            yield from _called_tasks(inner)
