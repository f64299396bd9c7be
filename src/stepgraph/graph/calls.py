"""Summaries of the functions that a program calls."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct, field
from msgspec.structs import replace

from stepgraph.ir.await_groups import AwaitedTask, AwaitGroup, AwaitMember, TaskId
from stepgraph.ir.nodes import Function


class CallSummaries(Struct, frozen=True):
    """The summaries of all called functions, keyed by `id`."""

    step_functions: frozenset[int]
    """The functions that run steps, directly or through other functions."""
    completed: Mapping[int, tuple[AwaitedTask, ...]] = field(default_factory=dict)
    """The caller's tasks that a function awaits on every path to its end."""
    tasks_of_callees: Mapping[TaskId, tuple[AwaitedTask, ...]] = field(default_factory=dict)
    """The tasks in `completed` of the function that a task calls, by the id of that task."""

    def works(self, function: Function) -> bool:
        """Whether a function runs steps."""
        return id(function) in self.step_functions

    def tasks_done_after_call(self, function: Function) -> tuple[AwaitedTask, ...]:
        """Return the caller's tasks that are done after a call."""
        return self.completed.get(id(function), ())

    def with_tasks_of_callees(self, group: AwaitGroup) -> AwaitGroup:
        """Return an await group extended by the tasks that its called functions await."""
        if not self.tasks_of_callees:
            return group
        members: list[AwaitMember] = []
        for member in group.members:
            if isinstance(member, AwaitGroup):
                members.append(self.with_tasks_of_callees(member))
                continue
            members.append(member)
            members += (
                replace(task, on_every_path=task.on_every_path and member.on_every_path)
                for task in self.tasks_of_callees.get(member.task_id, ())
            )
        return replace(group, members=tuple(members))
