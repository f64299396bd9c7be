"""Simulation of the event loop at one await, up to the point where every task waits.

The SDK resolves the dependencies of a step when the step begins: one after another, or as separate tasks for a
`concurrent` step. It awaits a step that has begun and does not run it again (`_gather_results`, `_resolve_dependency`).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from functools import partial

from stepgraph.graph.dependencies.scheduled_runs import (
    DirectCall,
    HasRun,
    Key,
    ScheduledRun,
    SchedulingContext,
    definitions_of,
    must_have_begun_with,
)
from stepgraph.ir.await_groups import TaskId
from stepgraph.ir.nodes import Dependency, StepDefinition, StepRun
from stepgraph.limits import Limit


class Simulation:
    """Simulation of the event loop at one await: the runs that begin, and the runs that each of them awaits."""

    def __init__(self, context: SchedulingContext) -> None:
        self.context = context
        self.begun: dict[Key, list[ScheduledRun]] = {}
        """All runs that begin, by the definitions of their dependency."""
        self.resolvers: dict[ScheduledRun, ScheduledRun] = {}
        """The run that resolves the dependencies of each background run."""
        self.may_have_begun: set[StepDefinition] = set()
        """The steps that may have begun at this await."""
        self.may_not_have_started: list[StepDefinition] = []
        """The steps begun at an earlier await that may still be waiting for their dependencies."""
        self.ready: deque[Callable[[], object]] = deque()
        """The callbacks of the event loop, in order."""
        self.suspended: deque[tuple[ScheduledRun, int]] = deque()
        """Suspended runs, with the position of their next dependency."""

    def begin(self, roots: Sequence[DirectCall]) -> list[ScheduledRun]:
        """Begin steps in the order of the event loop, then request the dependencies that are resolved later.

        Return the runs of the direct calls.
        """
        tasks = [ScheduledRun(root.run, root, root, root.task_id) for root in roots]
        for task in tasks:
            self.ready.append(partial(self._begin_call, task))
        awaited = sum(root.awaited for root in roots)
        self.ready.insert(awaited, lambda: self.may_have_begun.update(self.context.may_begin_at_once))
        while self.ready:
            self.ready.popleft()()
        self.may_have_begun.update(self.context.steps_of_beginning_functions)
        while self.suspended:
            task, first = self.suspended.popleft()
            for position in range(first, len(task.dependencies)):
                self._request(task, position, later=True)
        return tasks

    def _begin_call(self, task: ScheduledRun) -> None:
        """Begin a called step.

        A background run has a second run that resolves its dependencies. Other runs share those, and await only the end
        of the background run.
        """
        self._register(task, definitions_of(task.run))
        if task.task_id is not None:
            self.resolvers[task] = task = ScheduledRun(task.run, begun_by=task.root)
        self._resolve_dependencies(task)

    def _register(self, task: ScheduledRun, key: Key) -> None:
        self.begun.setdefault(key, []).append(task)
        self.may_have_begun.update(key)
        if isinstance(task.run, StepRun) and task.task_id is None:
            self.may_have_begun.update(self.context.runs_inside(task.run))

    def _resolve_dependencies(self, task: ScheduledRun) -> None:
        task.awaited_runs = [[] for _ in task.dependencies]
        if task.is_concurrent:
            for position in range(len(task.dependencies)):
                self.ready.append(partial(self._request, task, position, later=False))
            return
        for position in range(len(task.dependencies)):
            if self._request(task, position, later=False):
                self.suspended.append((task, position + 1))
                return

    def _request(self, task: ScheduledRun, position: int, *, later: bool) -> bool:
        """Await the run that has begun for a dependency, or begin one. Return whether the task has to wait."""
        dependency = task.dependencies[position]
        key = definitions_of(dependency)
        candidates = self.begun.get(key)
        self.context.budget.spend(Limit.PAIRS, len(candidates or ()) + 1)
        if candidates is None or not any(must_have_begun_with(candidate, task) for candidate in candidates):
            return self._request_from_context(task, position, dependency, key, later=later)
        states = self._run_states(key, task.begun_by)
        if states == {HasRun.ALWAYS} and self._background_task(key) is None:
            return False  # the SDK has stored its result, even if it runs again
        if later and task.may_request_early and all(candidate.root is not None for candidate in candidates):
            self._register(ScheduledRun(dependency, begun_by=task.begun_by, conditional=True), key)
            candidates = self.begun[key]
        if states == {HasRun.NEVER}:
            task.awaited_runs[position] = list(candidates)
        for candidate in candidates:
            candidate.shared_requests.append((task, position))
            if candidate.later_requests:
                candidate.later_requests.append((task, position))
        return True

    def _request_from_context(
        self, task: ScheduledRun, position: int, dependency: Dependency, key: Key, *, later: bool
    ) -> bool:
        """Resolve a dependency that no run at this await has begun. Return whether the task has to wait."""
        if self._has_run_with_earlier(task, position, key):
            return False
        states = self._run_states(key, task.begun_by)
        if states == {HasRun.ALWAYS}:
            self.may_not_have_started += filter(self.context.may_await_dependencies, key)
            concurrent = self.context.may_begin_at_once
            task_id = self._background_task(key)
            if task_id is None:
                if not concurrent.isdisjoint(key):  # another function may still be running the step
                    self.may_have_begun |= concurrent
                return self.context.has_begun_at_same_await(key)
            task.may_request_early = True
            needed = ScheduledRun(dependency, task_id=task_id)
        else:
            needed = ScheduledRun(
                dependency, conditional=states != {HasRun.NEVER} or not self.may_have_begun.isdisjoint(key)
            )
        needed.begun_by = task.begun_by
        needed.is_separate_task = task.is_separate_task or task.is_concurrent
        self._register(needed, key)
        task.awaited_runs[position] = [needed]
        if later and needed.task_id is None:
            needed.later_requests.append((task, position))
            needed.begun_by = None
            needed.awaited_runs = [[] for _ in needed.dependencies]
            self.suspended.append((needed, 0))
        else:
            self._resolve_dependencies(needed)
        return True

    def may_wait_for_dependencies(self, dependency: Dependency) -> bool:
        """Whether a step, if it has not run, waits for dependencies of its own first."""
        needed = dependency.dependencies if isinstance(dependency, StepRun) else ()
        return any(
            self.context.has_run(step) is not HasRun.ALWAYS for inner in needed for step in definitions_of(inner)
        )

    def _run_states(self, key: Key, root: DirectCall | None) -> set[HasRun]:
        has_run = self.context.has_run if root is None else root.has_run or self.context.has_run
        return set(map(has_run, key))

    def _has_run_with_earlier(self, task: ScheduledRun, position: int, key: Key) -> bool:
        """Whether a dependency must have run because it is needed by an earlier dependency of the same task."""
        if task.is_concurrent or len(key) > 1:
            return False
        earlier = (run for waits in task.awaited_runs[:position] for run in waits if run.conditional)
        return any(isinstance(run.run, StepRun) and key[0] in self.context.closure_of(run.run) for run in earlier)

    def _background_task(self, key: Key) -> TaskId | None:
        return self.context.running(key[0]) if len(key) == 1 else None
