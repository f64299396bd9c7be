"""Await groups: the tasks that an await waits for, and the tasks that are done after it."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING, TypeAlias

from msgspec import Struct
from msgspec.structs import replace

if TYPE_CHECKING:
    from stepgraph.model.payload import ParallelKind


TaskId: TypeAlias = int


class AwaitedTask(Struct, frozen=True):
    """A task that an await waits for."""

    task_id: TaskId
    all_runs: bool = False
    """Whether the await covers all runs of the task, as in a collection, or only the last run."""
    on_every_path: bool = True
    """Whether every path that starts the task also awaits it here."""


class AwaitGroup(Struct, frozen=True, eq=False):
    """The tasks of an await, such as the arguments of `asyncio.gather`. Groups can be nested."""

    kind: ParallelKind
    members: tuple[AwaitMember, ...]
    started_tasks: frozenset[TaskId] = frozenset()
    """The tasks started by the arguments of the group."""
    nested: bool = False
    """Whether the arguments of the enclosing group start all tasks of this group, as in a nested call of `gather`."""
    loop_depth: int = 0
    """The number of loops in the function that enclose the creation of the group."""
    until_done: bool = True
    """Whether the await lasts as long as its `kind` implies. False if it may end earlier, as with a timeout."""
    in_completion_order: bool = False
    """Whether the members are awaited in order of completion (`as_completed`)."""
    until_error: bool = False
    """Whether the first error of a member also ends the await, without raising it: `asyncio.FIRST_EXCEPTION`."""
    awaits_work_without_steps: bool = False
    """Whether the await also waits for work without steps. An error in that work leaves the members running."""
    may_be_left: bool = False
    """Whether an error outside of steps may skip the await after a member has started, and so leave it running."""
    may_be_skipped: bool = False
    """Whether an error outside of steps may precede the await at which a member begins, which then begins later."""

    @property
    def hides_errors(self) -> bool:
        """Whether the code after the await also runs if a member has failed."""
        return self.kind == "all_settled" or any(isinstance(m, AwaitGroup) and m.hides_errors for m in self.members)

    @property
    def may_leave_members(self) -> bool:
        """Whether an error of one awaitable may end the await while other awaitables continue."""
        return self.kind != "all_settled" and (len(self.members) > 1 or self.awaits_work_without_steps)


AwaitMember: TypeAlias = AwaitedTask | AwaitGroup


def awaited_tasks_of(group: AwaitGroup) -> Iterator[AwaitedTask]:
    """Yield the awaited tasks of a group and its nested groups."""
    for member in group.members:
        if isinstance(member, AwaitGroup):
            yield from awaited_tasks_of(member)
        else:
            yield member


def unfinished(group: AwaitGroup, task_ids: Collection[TaskId]) -> AwaitGroup:
    """Return a copy of a group whose await does not guarantee that the tasks in `task_ids` are finished."""
    members = tuple(
        unfinished(member, task_ids)
        if isinstance(member, AwaitGroup)
        else replace(member, on_every_path=member.on_every_path and member.task_id not in task_ids)
        for member in group.members
    )
    return replace(group, members=members)


def tasks_done_after(group: AwaitGroup) -> Iterator[AwaitedTask]:
    """Yield the tasks that are done after an await. Tasks in a race or under a timeout may still be pending."""
    if not group.until_done or is_race(group):
        return
    for member in group.members:
        if isinstance(member, AwaitGroup):
            yield from tasks_done_after(member)
        else:
            yield member


def is_race(group: AwaitGroup) -> bool:
    """Return whether an await ends with its first member that completes or, for `any`, that succeeds."""
    return group.kind in ("race", "any")


def raced_tasks(group: AwaitGroup) -> Iterator[TaskId]:
    """Yield the members of races in a group and its nested groups."""
    if is_race(group):
        yield from task_ids_of(group)
    else:
        for member in group.members:
            if isinstance(member, AwaitGroup):
                yield from raced_tasks(member)


def task_ids_of(group: AwaitGroup) -> frozenset[TaskId]:
    """Return the ids of the tasks in a group and its nested groups."""
    return frozenset(awaited.task_id for awaited in awaited_tasks_of(group))
