"""The step runs that begin at one await: the direct calls that begin each run, and the runs that it awaits."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from enum import Enum
from typing import TypeAlias

from msgspec import Struct, field

from stepgraph.ir.await_groups import TaskId
from stepgraph.ir.nodes import Dependency, StepChoice, StepDefinition, StepRun
from stepgraph.limits import Budget
from stepgraph.syntax.module import SourcePlace

Key: TypeAlias = tuple[StepDefinition, ...]
"""The steps of a dependency: one, or the candidates of a choice."""


class HasRun(Enum):
    """Whether a step has run when another step needs it, over all paths to that point."""

    NEVER = "never"
    SOMETIMES = "sometimes"
    ALWAYS = "always"


class DirectCall(Struct, frozen=True, eq=False):
    """A call of a step by the program, as opposed to a request for a dependency."""

    run: StepRun
    place: SourcePlace | None = None
    """The call in the source, or None if the step is scheduled as a dependency."""
    task_id: TaskId | None = None
    """The background task that runs the step and begins at this await. None if the await itself includes the step."""
    awaited: bool = False
    """Whether the step is awaited directly, so that it begins before the tasks queued for this await."""
    must_begin: bool = True
    """Whether the step must begin at this await."""
    has_run: Callable[[StepDefinition], HasRun] | None = None
    """Returns whether a step has run on the paths on which this call begins. None if the call begins on all paths."""


class SchedulingContext(Struct, frozen=True):
    """Facts about steps at the point where scheduled steps begin."""

    has_run: Callable[[StepDefinition], HasRun]
    """Returns whether a step has run at this point."""
    running: Callable[[StepDefinition], TaskId | None]
    """Returns the background task that runs a step, or None."""
    runs_inside: Callable[[StepRun], Iterable[StepDefinition]]
    """Returns the steps that may run in the body of a step."""
    closure_of: Callable[[Dependency], Mapping[StepDefinition, None]]
    """Returns the steps of a dependency and of its transitive dependencies."""
    is_declared_with: Callable[[StepDefinition, StepDefinition], bool] = lambda _step, _dependency: True
    """Returns whether a step that has run has run after the current declaration of its dependency."""
    has_begun_at_same_await: Callable[[Iterable[StepDefinition]], bool] = lambda _: False
    """Returns whether other work has begun one of the steps at the same await.

    The SDK awaits such a step, but the schedule cannot order it.
    """
    may_await_dependencies: Callable[[StepDefinition], bool] = lambda _: False
    """Returns whether a step in the background may still be waiting for its own dependencies."""
    steps_of_beginning_functions: AbstractSet[StepDefinition] = frozenset()
    """The steps of the functions that begin at this await."""
    may_begin_at_once: AbstractSet[StepDefinition] = frozenset()
    """The steps that functions beginning at this await may begin at once, and the steps that running code may begin."""
    may_be_running: Callable[[], AbstractSet[StepDefinition]] = frozenset
    """Returns the steps that code other than the background steps of `running` may begin or still be running."""
    may_begin_beside: Callable[[StepRun], Iterable[StepDefinition]] = lambda _: ()
    """Returns the steps that the body of a step needs and that other code may begin."""
    budget: Budget = field(default_factory=Budget)
    """The budget for comparisons."""


class ScheduledRun(Struct, eq=False):
    """One run of a step that is called directly or needed by another run."""

    run: Dependency
    root: DirectCall | None = None
    """The direct call, or None for a dependency."""
    begun_by: DirectCall | None = None
    """The direct call on whose behalf the run begins, or None if a later request begins it."""
    task_id: TaskId | None = None
    """The background task that runs the step, or None if the schedule runs it."""
    conditional: bool = False
    """Whether the step may have run already."""
    may_wait: bool = False
    """Whether the run may wait for a dependency that another run has begun on some paths."""
    is_separate_task: bool = False
    """Whether a concurrent step begins the run as a separate task, after all tasks queued for the await."""
    awaited_runs: list[list[ScheduledRun]] = field(default_factory=list)
    """For each dependency, the candidate runs: the first to finish ends the wait."""
    later_requests: list[tuple[ScheduledRun, int]] = field(default_factory=list)
    """The later requests that may begin the run, as (run, position). Empty if the run begins with the await."""
    shared_requests: list[tuple[ScheduledRun, int]] = field(default_factory=list)
    """The requests that find the run already begun, as (run, position)."""
    must_begin_cached: bool = False
    """Cached result of `must_begin`."""

    @property
    def dependencies(self) -> tuple[Dependency, ...]:
        """The dependencies that the run resolves itself: none for a choice, a conditional run or a background task."""
        if self.conditional or isinstance(self.run, StepChoice) or self.task_id is not None:
            return ()
        return self.run.dependencies

    @property
    def must_begin_at_once(self) -> bool:
        """Whether the run has begun by the time its direct call first waits."""
        return not (self.later_requests or self.is_separate_task)

    @property
    def must_begin(self) -> bool:
        """Whether the run must begin, because one of its direct calls must.

        Once true, it stays true, because requests are only added.
        """
        self.must_begin_cached = self.must_begin_cached or any(root.must_begin for root in direct_calls_of(self))
        return self.must_begin_cached

    @property
    def is_concurrent(self) -> bool:
        """Whether the dependencies begin as separate tasks."""
        return isinstance(self.run, StepRun) and self.run.definition.resolves_in_tasks


def direct_calls_of(task: ScheduledRun) -> Iterator[DirectCall]:
    """Yield the direct calls that begin a run or may begin it, with repetitions."""
    visited = {task}
    pending: list[Iterator[tuple[ScheduledRun, int]]] = []
    while True:
        if task.begun_by is not None:
            yield task.begun_by
        pending.append(iter(task.later_requests))
        while (
            requester := next((candidate for candidate, _ in pending[-1] if candidate not in visited), None)
        ) is None:
            pending.pop()
            if not pending:
                return
        visited.add(requester)
        task = requester


def must_have_begun_with(run: ScheduledRun, requester: ScheduledRun) -> bool:
    """Return whether a run has begun on every path on which another run has begun."""
    return run.must_begin or not set(direct_calls_of(run)).isdisjoint(direct_calls_of(requester))
