"""What is known of the functions that a program calls."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct, field
from msgspec.structs import replace

from stepgraph.ir.nodes import AwaitedTask, AwaitGroup, AwaitMember, Function, TaskId


class Calls(Struct, frozen=True):
    """Functions by their `id`s: those `working` run steps, directly or through others.

    `completed` is the work that others started and a function waits for on each way to its end; `implied` is the same
    for calls that were started, by their handles.
    """

    working: frozenset[int]
    completed: Mapping[int, tuple[AwaitedTask, ...]] = field(default_factory=dict)
    implied: Mapping[TaskId, tuple[AwaitedTask, ...]] = field(default_factory=dict)

    def works(self, function: Function) -> bool:
        """Whether a function runs steps."""
        return id(function) in self.working

    def over_after(self, function: Function) -> tuple[AwaitedTask, ...]:
        """Return the work of others that is over when a call is."""
        return self.completed.get(id(function), ())

    def with_implied(self, group: AwaitGroup) -> AwaitGroup:
        """Return what a join waits for, with what the functions in it wait for."""
        if not self.implied:
            return group
        members: list[AwaitMember] = []
        for member in group.members:
            if isinstance(member, AwaitGroup):
                members.append(self.with_implied(member))
                continue
            members.append(member)
            members += (
                replace(one, on_every_path=one.on_every_path and member.on_every_path)
                for one in self.implied.get(member.task_id, ())
            )
        return replace(group, members=tuple(members))
