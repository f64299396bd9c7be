"""The call graph of a program, and summaries of the called functions."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TypeAlias

from msgspec import Struct, field
from msgspec.structs import replace

from stepgraph.ir.await_groups import AwaitedTask, AwaitGroup, AwaitMember, TaskId, task_ids_of
from stepgraph.ir.nodes import (
    Await,
    Call,
    Function,
    Operation,
    OperationBlock,
    Run,
    Series,
    StartOperation,
    StepRun,
    child_blocks,
    operations_in,
)
from stepgraph.ir.walk import walk_operations

BodyOf: TypeAlias = Callable[[Function], OperationBlock]


def functions_called_in(block: OperationBlock) -> Iterator[Function]:
    """Yield the functions called in a block and in the bodies of its steps, in order."""
    pending: list[Operation] = [*reversed(block.operations)]
    while pending:
        operation = pending.pop()
        if type(operation) is Run or type(operation) is StartOperation:
            activity = operation.activity
            if type(activity) is Call:
                yield activity.function
            elif type(activity) is StepRun:
                pending += reversed(activity.body.operations)
            elif type(activity) is Series:
                pending += reversed(activity.block.operations)
        else:
            for inner in reversed([*child_blocks(operation)]):
                pending += reversed(inner.operations)


def functions_with_steps(functions: Sequence[Function], body_of: BodyOf) -> frozenset[int]:
    """Return the `id`s of the functions that run steps, directly or through calls of other functions."""
    calls = {id(f): [id(callee) for callee in functions_called_in(body_of(f))] for f in functions}
    working = {id(f) for f in functions if _runs_steps(body_of(f))}
    callers: dict[int, list[int]] = {}
    for caller, callees in calls.items():
        for callee in callees:
            callers.setdefault(callee, []).append(caller)
    pending = list(working)
    while pending:
        for caller in callers.get(pending.pop(), ()):
            if caller not in working:
                working.add(caller)
                pending.append(caller)
    return frozenset(working)


def reachable(body: OperationBlock, body_of: BodyOf) -> list[Function]:
    """Return the functions that a body calls, directly or indirectly. Each function follows one of its callers."""
    functions: dict[int, Function] = {}
    pending = [body]
    while pending:
        for function in functions_called_in(pending.pop()):
            if id(function) not in functions:
                functions[id(function)] = function
                pending.append(body_of(function))
    return list(functions.values())


def _runs_steps(block: OperationBlock) -> bool:
    return any(
        isinstance(operation, Run | StartOperation) and not isinstance(operation.activity, Call)
        for operation in operations_in(block)
    )


class CallSummaries(Struct, frozen=True):
    """The summaries of all called functions. Functions are identified by `id`."""

    step_functions: frozenset[int]
    """The functions that run steps, directly or through other functions."""
    completed: Mapping[int, tuple[AwaitedTask, ...]] = field(default_factory=dict)
    """For each function, the caller's tasks that it awaits on every path to its end."""
    tasks_of_callees: Mapping[TaskId, tuple[AwaitedTask, ...]] = field(default_factory=dict)
    """For each task that calls a function, the tasks in `completed` for that function."""

    def works(self, function: Function) -> bool:
        """Return whether a function runs steps, directly or through other functions."""
        return id(function) in self.step_functions

    def tasks_done_after_call(self, function: Function) -> tuple[AwaitedTask, ...]:
        """Return the caller's tasks that are done after a call of a function."""
        return self.completed.get(id(function), ())

    def group_of_call(self, function: Function) -> AwaitGroup:
        """Return the group of the caller's tasks that a call of a function without steps awaits."""
        completed = self.tasks_done_after_call(function)
        task_ids = {each.task_id for each in completed}
        operations = (visit.operation for visit in walk_operations(function.body))
        is_late = any(
            isinstance(each, Await) and each.group.may_be_skipped and not task_ids.isdisjoint(task_ids_of(each.group))
            for each in operations
        )
        return AwaitGroup("all", completed, may_be_skipped=is_late)

    def with_tasks_of_callees(self, group: AwaitGroup, started: Container[TaskId]) -> AwaitGroup:
        """Return an await group with the additional tasks that the functions called by its members await.

        Only the members in `started` have certainly been started, so only these certainly await other tasks.
        """
        if not self.tasks_of_callees:
            return group
        members: list[AwaitMember] = []
        for member in group.members:
            if isinstance(member, AwaitGroup):
                members.append(self.with_tasks_of_callees(member, started))
                continue
            members.append(member)
            members += (
                replace(task, on_every_path=task.on_every_path and member.on_every_path and member.task_id in started)
                for task in self.tasks_of_callees.get(member.task_id, ())
            )
        return replace(group, members=tuple(members))


class StartedTasks(Struct, frozen=True):
    """The tasks that are certainly started at a point of a function body."""

    in_body: frozenset[TaskId]
    """All tasks that the body starts."""
    certain: dict[TaskId, None] = field(default_factory=dict)
    """The tasks that every path to the point starts, in order."""

    @contextmanager
    def in_branch(self) -> Iterator[None]:
        """Remove the tasks that the context adds when it ends, because other paths do not start them."""
        count = len(self.certain)
        yield
        self.remove_after(count)

    def remove_after(self, count: int) -> list[TaskId]:
        """Remove and return all tasks after the first `count` tasks."""
        return [self.certain.popitem()[0] for _ in range(len(self.certain) - count)]

    def awaited(self, group: AwaitGroup) -> Container[TaskId]:
        """Return the members of an await that are certainly started, such as a task of the caller."""
        match group.members:
            case [AwaitedTask(task_id=task_id, all_runs=False)] if task_id not in self.in_body:
                return (task_id,)
            case _:
                return self.certain
