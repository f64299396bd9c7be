"""The named steps and event waits of a task, and whether each begins after an await."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from enum import IntEnum
from typing import Literal, assert_never

from msgspec import Struct, field
from msgspec.structs import replace

from stepgraph.ir.dataflow import solve
from stepgraph.ir.domain import Domain, Leaf, Observer
from stepgraph.ir.nodes import (
    Activity,
    Await,
    Call,
    EventWait,
    OperationBlock,
    Pause,
    Run,
    Scope,
    Series,
    Sleep,
    SleepUntil,
    StartOperation,
    StepRun,
)
from stepgraph.limits import Budget
from stepgraph.syntax.module import SourcePlace


class StartedActivity(Struct, frozen=True):
    """Work that a program runs or starts, with its location."""

    activity: Activity
    place: SourcePlace


def activity_key(work: StartedActivity) -> int:
    """Return a key that is equal for work with the same steps. All calls of a function share one key."""
    return id(work.activity.function) if isinstance(work.activity, Call) else id(work.activity)


class NamedActivity(Struct, frozen=True):
    """A step or event wait with its name."""

    kind: Literal["step", "wait"]
    name: str
    place: SourcePlace
    """The location of the call that declares the step or waits for the event."""
    direct: bool
    """Whether the program itself, rather than a called function, runs or starts the activity."""
    after_await: bool = False
    """Whether the activity begins after an earlier await, so that its start time depends on other work."""


class NamedActivities(Struct):
    """The steps and event waits of work, excluding dependencies and step bodies.

    Each function is analyzed once.
    """

    budget: Budget
    """The budget to which the analysis charges each visited operation."""
    _cache: dict[int, Sequence[NamedActivity]] = field(default_factory=dict)

    def of(self, work: StartedActivity) -> Sequence[NamedActivity]:
        """Return the distinct steps and event waits of work, in execution order."""
        key = activity_key(work)
        activities = self._cache.get(key)
        if activities is None:
            domain = _WorkDomain(self.budget)
            domain.add(work.activity, work.place, _AwaitProgress.BEFORE_AWAIT, direct=True)
            activities = self._cache[key] = tuple(domain.activities())
        return activities


class _AwaitProgress(IntEnum):
    """The progress of the paths to a program point."""

    BEFORE_AWAIT = 0
    """No path has awaited anything."""
    AFTER_AWAIT = 1
    """Some path has awaited something."""


class _WorkDomain(Domain[_AwaitProgress], Observer[_AwaitProgress]):
    """A dataflow domain that follows the progress of work and collects its steps and event waits.

    Tasks that request a lock before their first await get it in the order in which they begin, and hold it in turn. The
    steps that these tasks run under the lock begin in the same order.
    """

    def __init__(self, budget: Budget) -> None:
        self.budget = budget
        self.after_await: dict[NamedActivity, bool] = {}
        """Whether a step or event wait begins after an await on some path. The keys do not set `after_await`."""
        self.in_turn: list[bool] = [False]
        """Whether a lock is held in turn in each open block, innermost last."""
        self.held_in_turn: dict[int, bool] = {}
        """Whether the lock of a scope is held in turn, by the `id` of its block."""
        self.visited: set[tuple[int, _AwaitProgress, bool]] = set()
        """The analyzed functions by `id`, with the progress at the call and whether a lock is held in turn."""

    def activities(self) -> Iterator[NamedActivity]:
        """Yield the steps and event waits that the analysis has collected."""
        for activity, after_await in self.after_await.items():
            yield replace(activity, after_await=after_await)

    def add(
        self,
        activity: Activity,
        place: SourcePlace,
        progress: _AwaitProgress,
        *,
        in_turn: bool = False,
        direct: bool = False,
    ) -> None:
        """Add the steps and event waits of an activity that begins with the progress `progress`.

        `in_turn` states whether the activity runs while a lock is held in turn, and `direct` whether the program itself
        runs or starts it.
        """
        if in_turn:
            progress = _AwaitProgress.BEFORE_AWAIT
        match activity:
            case StepRun(definition=definition, dependencies=dependencies):
                after = bool(progress) or (bool(dependencies) and not in_turn)
                self.record(NamedActivity("step", definition.name, definition.place, direct), after_await=after)
            case EventWait(name=name):
                self.record(NamedActivity("wait", name, place, direct), after_await=bool(progress))
            case Call(function=function):
                call = id(function), progress, in_turn
                if call not in self.visited:
                    self.visited.add(call)
                    self.in_turn.append(in_turn)
                    solve(function.body, progress, self, self, self.budget)
                    self.in_turn.pop()
            case Sleep() | SleepUntil() | Series():
                pass
            case _ as never:
                assert_never(never)

    def record(self, activity: NamedActivity, *, after_await: bool) -> None:
        self.after_await[activity] = self.after_await.get(activity, False) or after_await

    def transfer(self, operation: Leaf, state: _AwaitProgress) -> _AwaitProgress:
        match operation:
            case Run(activity=activity, place=place):
                self.add(activity, place, state, in_turn=self.in_turn[-1])
                return _AwaitProgress.AFTER_AWAIT
            case StartOperation(activity=activity, place=place):
                # A task does not hold the lock of the work that starts it, but tasks under a lock are started in turn.
                self.add(activity, place, _AwaitProgress.BEFORE_AWAIT if self.in_turn[-1] else state)
                return state
            case Await() | Pause():
                return _AwaitProgress.AFTER_AWAIT
            case _:
                return state

    def join(self, a: _AwaitProgress, b: _AwaitProgress) -> _AwaitProgress:
        return max(a, b)

    def enter_scope(self, scope: Scope, state: _AwaitProgress) -> _AwaitProgress:
        """Treat the request of a lock as an await."""
        if not scope.serialized:
            return state
        self.held_in_turn[id(scope.block)] = state is _AwaitProgress.BEFORE_AWAIT
        return _AwaitProgress.AFTER_AWAIT

    def enter(self, block: OperationBlock, state: _AwaitProgress) -> None:
        del state
        self.in_turn.append(self.in_turn[-1] or self.held_in_turn.get(id(block), False))

    def leave(self) -> None:
        self.in_turn.pop()
