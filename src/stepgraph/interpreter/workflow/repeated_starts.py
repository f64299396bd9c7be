"""Tasks that the same code starts in several evaluations of a task in flight.

Each evaluation of a task in flight starts its inner tasks with new ids. They are the same tasks, so values refer to the
task of the first evaluation. Otherwise a variable with such a task would have a new value after each evaluation.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from msgspec.structs import force_setattr, replace

from stepgraph.interpreter.equivalence import Slot
from stepgraph.interpreter.interpreter import Interpreter
from stepgraph.interpreter.values.containers import Element, MappingEntry
from stepgraph.interpreter.values.tasks import Task
from stepgraph.interpreter.values.unions import map_tasks
from stepgraph.interpreter.write_log import WriteLog
from stepgraph.ir.await_groups import AwaitedTask, AwaitGroup, AwaitMember, TaskId
from stepgraph.ir.nodes import Await, Choice, Function, OperationBlock, Run, StartOperation
from stepgraph.ir.values import Value
from stepgraph.ir.walk import walk_operations


def record_repeated_starts(interpreter: Interpreter, before: Function, after: Function) -> None:
    """Record which tasks two evaluations of a function start at the same places. Their order must be the same, too."""
    earlier, first = _starts(before.body), interpreter.work.first_starts
    for place, task_id in _starts(after.body).items():
        same_task = earlier.get(place, task_id)
        if same_task != task_id:
            first.setdefault(task_id, first.get(same_task, same_task))


def refer_to_first_starts(interpreter: Interpreter, log: WriteLog) -> None:
    """Replace the tasks in the values of a log by those of the first evaluation."""
    first = interpreter.work.first_starts
    for logged in log if first else ():
        values, logged.values = logged.values, []
        for value in values:
            logged.add(_with_first_starts(value, first))


def merge_repeated_starts(interpreter: Interpreter, body: OperationBlock) -> None:
    """Give all evaluations of each task the id of the first one, in all operations that a block leads to."""
    first = interpreter.work.first_starts
    for visit in walk_operations(body):
        match visit.operation:
            case StartOperation(task_id=task_id) as start:
                force_setattr(start, "task_id", first.get(task_id, task_id))
            case Await(group=group) as await_:
                force_setattr(await_, "group", _merged_group(group, first))
            case Run(completed_tasks=completed) as run if completed:
                force_setattr(run, "completed_tasks", _merged(completed, first))
            case Choice(absent_tasks=absent) as choice if absent:
                force_setattr(choice, "absent_tasks", tuple(_merged(tasks, first) for tasks in absent))


def _starts(body: OperationBlock) -> dict[tuple[int, int], TaskId]:
    """Return the tasks that a block starts, by the `id` of the node and the number of earlier starts there."""
    counts, starts = Counter[int](), dict[tuple[int, int], TaskId]()
    for visit in walk_operations(body):
        if isinstance(visit.operation, StartOperation):
            node = id(visit.operation.place.node)
            starts[node, counts[node]] = visit.operation.task_id
            counts[node] += 1
    return starts


def _with_first_starts(slot: Slot, first: Mapping[TaskId, TaskId]) -> Slot:
    match slot:
        case tuple():
            return tuple(_with_first_starts(element, first) for element in slot)
        case Element() | MappingEntry():
            value = _with_first_starts(slot.value, first)
            return slot if value is slot.value else replace(slot, value=value)
        case Value():
            return map_tasks(slot, lambda task: _first_start(task, first))
        case int() if not isinstance(slot, bool):  # a task of a task group
            return first.get(slot, slot)
        case _:
            return slot


def _first_start(task: Task, first: Mapping[TaskId, TaskId]) -> Task:
    task_id = first.get(task.task_id)
    return task if task_id is None else replace(task, task_id=task_id)


def _merged_group(group: AwaitGroup, first: Mapping[TaskId, TaskId]) -> AwaitGroup:
    started = frozenset(first.get(task_id, task_id) for task_id in group.started_tasks)
    return replace(group, members=_merged(group.members, first), started_tasks=started)


def _merged(members: tuple[AwaitMember, ...], first: Mapping[TaskId, TaskId]) -> tuple[AwaitMember, ...]:
    """Return the members of an await without duplicates of a task."""
    merged: dict[object, AwaitMember] = {}
    for member in members:
        if isinstance(member, AwaitGroup):
            merged[id(member)] = _merged_group(member, first)
            continue
        task_id = first.get(member.task_id, member.task_id)
        same = merged.get(task_id)
        merged[task_id] = AwaitedTask(
            task_id,
            member.all_runs or (isinstance(same, AwaitedTask) and same.all_runs),
            member.on_every_path or (isinstance(same, AwaitedTask) and same.on_every_path),
        )
    return tuple(merged.values())
