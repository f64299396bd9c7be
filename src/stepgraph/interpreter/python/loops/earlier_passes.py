"""Awaits of the task that the previous pass of a loop has started, as in a loop that loads the next page in advance.

    page = asyncio.create_task(load())
    while rows := await page:
        page = asyncio.create_task(load())
        await store(rows)

Each evaluation of the body starts tasks with new ids. In the last evaluation, an await that precedes the start refers
to the task of the evaluation before. In the graph, both are runs of the task that the body starts.
"""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct, field
from msgspec.structs import replace

from stepgraph.interpreter.task_runs import TaskRuns
from stepgraph.ir.await_groups import AwaitedTask, AwaitGroup, AwaitMember, TaskId, tasks_done_after
from stepgraph.ir.nodes import Await, Choice, LoopOperation, Operation, OperationBlock, StartOperation
from stepgraph.ir.walk import map_blocks, task_references, tasks_started_in


def refer_to_own_tasks(block: OperationBlock, runs: TaskRuns, previous: range) -> OperationBlock:
    """Return the body of a loop whose awaits of the `previous` pass's tasks refer to the tasks that the body starts."""
    by_site = {runs.sites[task_id]: task_id for task_id in previous if task_id in runs.sites}
    own = [task_id for task_id in tasks_started_in(block) if task_id in runs.sites]
    same = {by_site[runs.sites[task_id]]: task_id for task_id in own if runs.sites[task_id] in by_site}
    if len({runs.sites[task_id] for task_id in own}) < len(own) or same.keys().isdisjoint(task_references(block)):
        return block
    return _References(same).in_block(block)


class _References(Struct):
    """Renames the tasks of the previous pass in operations, in their order."""

    own: Mapping[TaskId, TaskId]
    """For each task of the previous pass: the task that the body starts at the same place."""
    started: set[TaskId] = field(default_factory=set)
    """The tasks that the operations so far start."""

    def in_block(self, block: OperationBlock) -> OperationBlock:
        return OperationBlock(tuple(map(self.in_operation, block.operations)))

    def in_operation(self, operation: Operation) -> Operation:
        match operation:
            case StartOperation(task_id=task_id):
                self.started.add(task_id)
            case Await(group=group):
                completes = any(True for _ in tasks_done_after(group))
                return replace(operation, group=self.in_group(group)) if completes else operation
            case LoopOperation():  # its awaits may run before and after its starts
                self.started.update(tasks_started_in(OperationBlock((operation,))))
            case Choice(absent_tasks=absent) if any(absent):
                renamed = tuple(tuple(map(self.in_task, tasks)) for tasks in absent)
                return map_blocks(replace(operation, absent_tasks=renamed), self.in_block)
            case _:
                return map_blocks(operation, self.in_block)
        return operation

    def in_group(self, group: AwaitGroup) -> AwaitGroup:
        members: dict[object, AwaitMember] = {}
        for member in group.members:
            if isinstance(member, AwaitGroup):
                members[id(member)] = self.in_group(member)
                continue
            task = self.in_task(member)
            same = members.get(task.task_id, task)
            if isinstance(same, AwaitedTask):
                members[task.task_id] = AwaitedTask(
                    task.task_id, task.all_runs and same.all_runs, task.on_every_path and same.on_every_path
                )
        return replace(group, members=tuple(members.values()))

    def in_task(self, task: AwaitedTask) -> AwaitedTask:
        own = self.own.get(task.task_id)
        return task if own is None or own in self.started else replace(task, task_id=own)
