"""The tasks that an await of a value waits for."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec.structs import replace

from stepgraph.interpreter.values.containers import Collection
from stepgraph.interpreter.values.tasks import Gathering, Task, WaitForCall
from stepgraph.interpreter.values.unions import Union
from stepgraph.ir.await_groups import (
    AwaitedTask,
    AwaitGroup,
    AwaitMember,
    TaskId,
    awaited_tasks_of,
)
from stepgraph.ir.values import Value


def await_members(value: Value) -> tuple[AwaitMember, ...]:
    """Return the members of the await group for a value."""
    match value:
        case Task(task_id=task_id, all_runs=every, on_every_path=on_every_path):
            return (AwaitedTask(task_id, every, on_every_path),)
        case Gathering(members=members):
            return tuple(member for inner in members for member in _group_member(inner, value.started_tasks))
        case WaitForCall(inner=inner):
            return await_members(inner)
        case Union(cases=cases):
            return tuple(member for case in cases for member in await_members(case.value))
        case _:
            return ()


def awaited_tasks(value: Value) -> Iterator[AwaitedTask]:
    """Yield the tasks that awaiting a value waits for."""
    return awaited_tasks_of(AwaitGroup("all", await_members(value)))


def task_ids_in(value: Value) -> frozenset[TaskId]:
    """Return the ids of the tasks that awaiting a value, or the parts of a tuple, waits for."""
    parts = [item.value for item in value.items] if isinstance(value, Collection) else [value]
    return frozenset(awaited.task_id for part in parts for awaited in awaited_tasks(part))


def await_group(value: Gathering) -> AwaitGroup:
    """Return the await group for a gathering."""
    return AwaitGroup(
        value.kind,
        await_members(value),
        value.started_tasks,
        loop_depth=value.loop_depth,
        until_done=value.until_done,
        in_completion_order=value.in_completion_order,
        until_error=value.until_error,
        awaits_work_without_steps=value.awaits_work_without_steps,
    )


def _group_member(value: Value, outer_tasks: frozenset[TaskId]) -> tuple[AwaitMember, ...]:
    """Return a nested gathering as a group, or its members if these can join the outer group."""
    if not isinstance(value, Gathering):
        return await_members(value)
    group = await_group(value)
    nested = bool(group.started_tasks) and group.started_tasks <= outer_tasks
    if not group.members or (not nested and group.kind == "all" and group.until_done):
        return group.members
    return (replace(group, nested=nested),)
