"""The named steps and event waits of a task, and whether each begins after an await."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, TypeAlias

from msgspec import Struct, field

from stepgraph.ir.nodes import (
    Activity,
    Await,
    Block,
    Call,
    Choice,
    EventWait,
    Function,
    Loop,
    Operation,
    Pause,
    Run,
    Scope,
    Start,
    StepRun,
    child_blocks,
)
from stepgraph.limits import Budget, Limit
from stepgraph.syntax.module import Place


class StartedActivity(Struct, frozen=True):
    """Work that a program runs or starts, with its location."""

    activity: Activity
    place: Place


def activity_key(work: StartedActivity) -> int:
    """Return a key that is equal for work with the same steps. All calls of a function share one key."""
    return id(work.activity.function) if isinstance(work.activity, Call) else id(work.activity)


class NamedActivity(Struct, frozen=True):
    """A step or event wait with its name."""

    kind: Literal["step", "wait"]
    name: str
    place: Place
    """The location of the name."""
    direct: bool
    """Whether it is itself the work that runs or starts, and not part of a called function."""
    after_await: bool
    """Whether an earlier await delays its begin, so that the time of the begin depends on other work."""


class NamedActivities(Struct):
    """The steps and event waits of work, without dependencies and step bodies.

    Each function is walked once.
    """

    budget: Budget
    """The budget that each visited operation is charged to."""
    _cache: dict[int, Sequence[NamedActivity]] = field(default_factory=dict)

    def of(self, work: StartedActivity) -> Sequence[NamedActivity]:
        """Return the distinct steps and event waits of work, in source order."""
        key = activity_key(work)
        activities = self._cache.get(key)
        if activities is None:
            walk = _WorkWalk(self.budget)
            walk.activity(work, direct=True)
            activities = self._cache[key] = tuple(walk.activities)
        return activities


_State: TypeAlias = tuple[bool, bool]
"""The `awaited` and `in_order` of a walk."""


class _WorkWalk(Struct):
    """A walk over work in execution order."""

    budget: Budget
    activities: dict[NamedActivity, None] = field(default_factory=dict)
    """The steps and event waits so far, as an ordered set."""
    awaited: bool = False
    """Whether the work has awaited something."""
    in_order: bool = False
    """Whether the work holds a lock that it requested before its first await.

    Tasks get such a lock in the order of their begin, so their steps begin in that order, too.
    """
    open: set[int] = field(default_factory=set)
    """The functions on the call stack, by `id`."""
    ends: dict[tuple[int, _State], _State] = field(default_factory=dict)
    """The state at the end of a function, by the `id` of the function and the state at the call."""

    def activity(self, work: StartedActivity, *, direct: bool = False) -> None:
        match work.activity:
            case StepRun(definition=definition, dependencies=dependencies):
                after = self._is_after_await() or (bool(dependencies) and not self.in_order)
                self.activities[NamedActivity("step", definition.name, definition.place, direct, after)] = None
            case EventWait(name=name):
                self.activities[NamedActivity("wait", name, work.place, direct, self._is_after_await())] = None
            case Call(function=function) if id(function) not in self.open:
                self.call(function)

    def call(self, function: Function) -> None:
        key = id(function), (self.awaited, self.in_order)
        if key not in self.ends:
            self.open.add(id(function))
            self.block(function.body)
            self.open.remove(id(function))
            self.ends[key] = self.awaited, self.in_order
        self.awaited, self.in_order = self.ends[key]

    def block(self, block: Block) -> None:
        self.budget.spend(Limit.PAIRS, len(block.operations))
        for operation in block.operations:
            match operation:
                case Run(activity=activity, place=place):
                    self.activity(StartedActivity(activity, place))
                    self.awaited = True
                case Start(activity=activity, place=place):
                    self.activity(StartedActivity(activity, place))
                case Await() | Pause():
                    self.awaited = True
                case Loop(body=body) if _awaits(body):
                    self.awaited = True
                case Scope(serialized=True) if not self.awaited:
                    self.locked_scope(operation)
                    continue
            self.inner_blocks(operation)

    def locked_scope(self, operation: Scope) -> None:
        self.in_order = True
        self.block(operation.block)
        self.in_order, self.awaited = False, True

    def _is_after_await(self) -> bool:
        return self.awaited and not self.in_order

    def inner_blocks(self, operation: Operation) -> None:
        """Visit the blocks in an operation. All branches of a choice begin in the same state."""
        awaited_before, ends = self.awaited, [self.awaited]
        for inner in child_blocks(operation):
            self.awaited = awaited_before if isinstance(operation, Choice) else self.awaited
            self.block(inner)
            ends.append(self.awaited)
        self.awaited = any(ends)


def _awaits(block: Block) -> bool:
    return any(
        isinstance(operation, Run | Await | Pause) or any(map(_awaits, child_blocks(operation)))
        for operation in block.operations
    )
