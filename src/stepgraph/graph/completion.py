"""Which work a function completes that was started by others: `async def finish(task): await task`."""

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
    """Return what is known of the functions that a program calls."""
    functions = reachable(body, body_of)
    calls = Calls(functions_with_steps(functions, body_of))
    bodies = [body, *map(body_of, functions)]
    if not any(map(_foreign, bodies)):
        return calls
    tasks = {task_id: function for inner in bodies for task_id, function in _tasks(inner)}
    while True:
        # Callees first: another round learns more only of functions that call each other.
        learned = calls
        for function in reversed(functions):
            learned = _learned(learned, function, structured(body_of(function), learned), tasks)
        if learned.completed == calls.completed:
            return learned
        calls = learned


def _learned(calls: Calls, function: Function, body: Block, tasks: Mapping[TaskId, Function]) -> Calls:
    foreign = _foreign(body)
    over = must_be_over(body, foreign) if foreign else ()
    if over == calls.over_after(function):
        return calls
    implied = {task_id: over for task_id, task in tasks.items() if task is function}
    return replace(calls, completed={**calls.completed, id(function): over}, implied={**calls.implied, **implied})


def _foreign(body: Block) -> frozenset[TaskId]:
    """Return the work that a body waits for and does not start."""
    started = {task_id for operation in body.operations for task_id in started_in(operation)}
    return frozenset(task_id for task_id in mentioned_in(body) if task_id not in started)


def _tasks(block: Block) -> Iterator[tuple[TaskId, Function]]:
    """Yield the calls that are started in a block, by their handles."""
    for operation in block.operations:
        if isinstance(operation, Start) and isinstance(operation.activity, Call):
            yield operation.task_id, operation.activity.function
        for inner in blocks_of(operation):
            yield from _tasks(inner)
