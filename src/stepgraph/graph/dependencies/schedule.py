"""The schedule of called steps: the runs of their dependencies that have not run, then their own runs.

The SDK resolves the dependencies of a step when the step begins: one after another, or as separate tasks for a
`concurrent` step. The SDK awaits a step that has begun instead of running the step again (`_gather_results`,
`_resolve_dependency`). `Simulation` follows the event loop at one await, up to the point where every task waits.
Requests after the simulated part of an await may come in any order, so the schedule orders two runs only if every
execution does.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from functools import cached_property, partial

from msgspec import Struct

from stepgraph.bit_sets import bits, restrict
from stepgraph.graph.dependencies.scheduled_runs import (
    DirectCall,
    HasRun,
    Key,
    ScheduledRun,
    SchedulingContext,
    direct_calls_of,
    must_have_begun_with,
)
from stepgraph.ir.await_groups import TaskId
from stepgraph.ir.nodes import Dependency, StepChoice, StepDefinition, StepRun
from stepgraph.ir.walk import candidate_steps
from stepgraph.limits import Budget, Limit


class Schedule(Struct, frozen=True, dict=True):
    """The runs outside of background tasks, each after its dependencies, with their partial order."""

    tasks: tuple[ScheduledRun, ...]
    predecessors: tuple[int, ...]
    """Bit i of `predecessors[j]` is set if run i is over before run j begins."""
    awaited_task_ids: tuple[tuple[TaskId, ...], ...]
    """The background tasks that are over before each run begins."""
    repeated_steps: tuple[StepDefinition, ...]
    """The steps that the SDK runs again, because they are needed while they wait for their own dependencies."""
    begun_runs: Mapping[Key, Sequence[ScheduledRun]]
    """All runs that begin at the await, by `Key`, in the order of their first runs."""
    closure_of: Callable[[Dependency], Mapping[StepDefinition, None]] = lambda _: {}
    """Returns the steps of a dependency and of its transitive dependencies."""

    def restricted_to(self, part: Sequence[int]) -> Schedule:
        """Return the schedule of some runs, without the begun runs and the repeated steps of the whole schedule."""
        tasks = tuple(self.tasks[index] for index in part)
        after = tuple(self.awaited_task_ids[index] for index in part)
        return Schedule(tasks, tuple(restrict(self.predecessors, part)), after, (), {})

    def has_begun_for(
        self, roots: AbstractSet[DirectCall], step: StepDefinition, *, used_by_others: bool
    ) -> HasRun | None:
        """Return whether a step has begun when background work of `roots` requests it, or None if it does not begin.

        With `used_by_others`, other code may begin the step before the background work requests it.
        """
        if step in self._candidates:
            return HasRun.SOMETIMES
        tasks = self.begun_runs.get((step,))
        if not tasks:
            return None
        background = [
            task for task in tasks if task not in self._foreground and not roots.isdisjoint(direct_calls_of(task))
        ]
        needed = [task for task in background if task.root is None]
        if not background or (tasks[0] not in background and not needed):
            must_begin = any(task.must_begin for task in tasks if task not in background)
            return HasRun.ALWAYS if must_begin and step not in self._may_begin_earlier else HasRun.SOMETIMES
        only_these = any(
            roots >= set(direct_calls_of(task)) and not (task.later_requests and used_by_others)
            for task in needed or background
        )
        return HasRun.NEVER if only_these and not any(task.conditional for task in needed) else HasRun.SOMETIMES

    @cached_property
    def _candidates(self) -> frozenset[StepDefinition]:
        """The candidates of the choices among the begun runs."""
        return frozenset(step for key in self.begun_runs if len(key) > 1 for step in key)

    @cached_property
    def _may_begin_earlier(self) -> frozenset[StepDefinition]:
        """The steps that a conditional run may need before their other runs begin."""
        needed: set[StepDefinition] = set()
        earlier: set[StepDefinition] = set()
        for key, tasks in self.begun_runs.items():
            earlier |= needed.intersection(key)
            if tasks[0].conditional:
                needed.update(self.closure_of(tasks[0].run))
        return frozenset(earlier)

    @cached_property
    def _foreground(self) -> frozenset[ScheduledRun]:
        return frozenset(self.tasks)


def schedule(roots: Sequence[DirectCall], context: SchedulingContext) -> Schedule:
    """Return the schedule of steps that are called at one await."""
    simulation = Simulation(context)
    called = simulation.begin(roots)
    tasks, visits = _postorder([task for task in called if task.task_id is None], _awaited_in_foreground)
    foreground = [task for task in tasks if task.task_id is None]
    background = [task for task in tasks if task.task_id is not None]
    task_ids = [task.task_id for task in background if task.task_id is not None]
    predecessors = _Predecessors(
        {task: position for position, task in enumerate([*foreground, *background])}, visits, context.budget
    )
    before: list[int] = []
    after: list[tuple[TaskId, ...]] = []
    for position, task in enumerate(foreground):
        over = predecessors.start[task]
        before.append(over & ((1 << position) - 1))  # runs in a dependency cycle precede each other
        after.append(tuple(task_ids[index] for index in bits(over >> len(foreground))))
    return Schedule(
        tuple(foreground),
        tuple(before),
        tuple(after),
        _repeated_steps(tasks, predecessors, called, simulation),
        simulation.begun,
        context.closure_of,
    )


class Simulation:
    """Simulates the event loop at one await, to find the runs that begin and the runs that each of them awaits."""

    def __init__(self, context: SchedulingContext) -> None:
        self.context = context
        self.begun: dict[Key, list[ScheduledRun]] = {}
        """All runs that begin at the await, by `Key`."""
        self.resolvers: dict[ScheduledRun, ScheduledRun] = {}
        """The run that resolves the dependencies of each background run."""
        self.may_have_begun: set[StepDefinition] = set()
        """The steps that may have begun at this await."""
        self.may_begin_early: set[StepDefinition] = set()
        """The steps that runs may begin before the direct calls do, because they may not have to wait."""
        self.may_not_have_started: list[StepDefinition] = []
        """The steps begun at an earlier await that may still be waiting for their dependencies."""
        self.ready: deque[Callable[[], object]] = deque()
        """The callbacks of the event loop, in order."""
        self.suspended: deque[tuple[ScheduledRun, int]] = deque()
        """Suspended runs, with the position of their next dependency."""

    def begin(self, roots: Sequence[DirectCall]) -> list[ScheduledRun]:
        """Begin steps in the order of the event loop, then request the dependencies that are resolved later.

        Returns the runs of the direct calls.
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

        A background run has a second run that resolves its dependencies. Other runs share these dependencies, and await
        only the end of the background run.
        """
        self._register(task, candidate_steps(task.run))
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
        """Await the run that has begun for a dependency, or begin one. Return whether the requesting run must wait."""
        dependency = task.dependencies[position]
        key = candidate_steps(dependency)
        candidates = self.begun.get(key)
        self.context.budget.spend(Limit.PAIRS, len(candidates or ()) + 1)
        if candidates is None or not any(must_have_begun_with(candidate, task) for candidate in candidates):
            return self._request_from_context(task, position, dependency, key, later=later)
        states = self._run_states(key, task.begun_by)
        if states == {HasRun.ALWAYS} and self._background_task(key) is None:
            return False  # the SDK has stored its result, even if it runs again
        early = not self.may_begin_early.isdisjoint(key)
        if later and early and all(candidate.root is not None for candidate in candidates):
            self._register(ScheduledRun(dependency, begun_by=task.begun_by, conditional=True), key)
            candidates = self.begun[key]
        if states == {HasRun.NEVER} or candidates[-1].conditional:
            task.awaited_runs[position] = list(candidates)
        task.may_wait = task.may_wait or states != {HasRun.NEVER} or len(candidates) > 1
        for candidate in candidates:
            candidate.shared_requests.append((task, position))
            if candidate.later_requests:
                candidate.later_requests.append((task, position))
        return True

    def _request_from_context(
        self, task: ScheduledRun, position: int, dependency: Dependency, key: Key, *, later: bool
    ) -> bool:
        """Resolve a dependency that no run at this await has begun. Return whether the requesting run must wait."""
        with_earlier = self._has_run_with_earlier(task, position, key)
        if with_earlier is HasRun.ALWAYS:
            return False
        states = self._run_states(key, task.begun_by)
        if states == {HasRun.ALWAYS}:
            self.may_not_have_started += filter(self.context.may_await_dependencies, key)
            task_id = self._background_task(key)
            if task_id is None:
                return self._may_wait_for_other_code(task, position, key)
            self._add_early_requests(task, position)
            needed = ScheduledRun(dependency, task_id=task_id)
        else:
            may_have_run = states != {HasRun.NEVER} or with_earlier is HasRun.SOMETIMES
            if may_have_run:
                self._add_early_requests(task, position)
            needed = ScheduledRun(dependency, conditional=may_have_run or not self.may_have_begun.isdisjoint(key))
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

    def _may_wait_for_other_code(self, task: ScheduledRun, position: int, key: Key) -> bool:
        """Return whether a run may wait for a step that has begun in other code, and record the uncertainty."""
        if self.context.has_begun_at_same_await(key):
            return True
        may_wait = not self.context.may_be_running().isdisjoint(key)
        if may_wait:
            self.may_have_begun |= self.context.may_begin_at_once
            task.may_wait = True
            self._add_early_requests(task, position)
        return may_wait

    def _add_early_requests(self, task: ScheduledRun, position: int) -> None:
        """Record the steps that a run may begin at once, in case a dependency does not delay it."""
        if task.is_concurrent:
            return
        for dependency in task.dependencies[position + 1 :]:
            closure = self.context.closure_of(dependency)
            self.context.budget.spend(Limit.PAIRS, len(closure))
            self.may_begin_early.update(step for step in closure if (step,) not in self.begun)

    def may_wait_for_dependencies(self, dependency: Dependency) -> bool:
        """Return whether a step that has not run may first wait for its own dependencies."""
        needed = dependency.dependencies if isinstance(dependency, StepRun) else ()
        return any(
            self.context.has_run(step) is not HasRun.ALWAYS for inner in needed for step in candidate_steps(inner)
        )

    def _run_states(self, key: Key, root: DirectCall | None) -> set[HasRun]:
        has_run = self.context.has_run if root is None else root.has_run or self.context.has_run
        return set(map(has_run, key))

    def _has_run_with_earlier(self, task: ScheduledRun, position: int, key: Key) -> HasRun:
        """Return whether a dependency has run because an earlier dependency of the same task needs it.

        If the earlier dependency may already have run, it may have needed another declaration of the step.
        """
        if task.is_concurrent or len(key) > 1:
            return HasRun.NEVER
        steps = [
            run.run.definition
            for waits in task.awaited_runs[:position]
            for run in waits
            if run.conditional and isinstance(run.run, StepRun) and key[0] in self.context.closure_of(run.run)
        ]
        if any(self.context.is_declared_with(step, key[0]) for step in steps):
            return HasRun.ALWAYS
        return HasRun.SOMETIMES if steps else HasRun.NEVER

    def _background_task(self, key: Key) -> TaskId | None:
        return self.context.running(key[0]) if len(key) == 1 else None


def _postorder(
    roots: Sequence[ScheduledRun], awaited_by: Callable[[ScheduledRun], Iterator[ScheduledRun]]
) -> tuple[list[ScheduledRun], list[tuple[ScheduledRun, bool]]]:
    """Return `roots` and the runs that they wait for in postorder, and all visits: True on entry, False on exit."""
    visits: list[tuple[ScheduledRun, bool]] = []
    tasks: list[ScheduledRun] = []
    visited: set[ScheduledRun] = set()
    for root in roots:
        if root in visited:
            continue
        visited.add(root)
        visits.append((root, True))
        stack = [(root, awaited_by(root))]
        while stack:
            task, successors = stack[-1]
            needed = next((successor for successor in successors if successor not in visited), None)
            if needed is None:
                stack.pop()
                tasks.append(task)
                visits.append((task, False))
            else:
                visited.add(needed)
                visits.append((needed, True))
                stack.append((needed, awaited_by(needed)))
    return tasks, visits


def _awaited_by(task: ScheduledRun) -> Iterator[ScheduledRun]:
    return (run for waits in task.awaited_runs for run in waits)


def _awaited_in_foreground(task: ScheduledRun) -> Iterator[ScheduledRun]:
    """Yield the runs that a run waits for, except runs in the background that may outlast it.

    These are the runs of background tasks where another run can end the wait.
    """
    for waits in task.awaited_runs:
        yield from waits if len(waits) == 1 else (run for run in waits if not _is_in_background(run))


def _is_in_background(run: ScheduledRun) -> bool:
    return all(root.task_id is not None for root in direct_calls_of(run))


class _Predecessors:
    """The greatest fixpoint of the runs that are over before each run begins and before its step starts, as bit sets.

    For a run that several requests may begin, only predecessors common to all requests count. The sets only shrink.
    """

    def __init__(
        self, index: dict[ScheduledRun, int], visits: Sequence[tuple[ScheduledRun, bool]], budget: Budget
    ) -> None:
        self.index = index
        """The bit of each run."""
        effort = sum(len(task.awaited_runs) + len(task.later_requests) + 1 for task, _ in visits)
        everything = (1 << len(index)) - 1
        self.begin = {task: everything if task.later_requests else 0 for task in index}
        """The runs that are over before each run begins."""
        self.start = dict.fromkeys(index, everything)
        """The runs that are over before the step of each run starts."""
        self._over_at = {task: [everything] * (len(task.awaited_runs) + 1) for task in index}
        """The runs that are over when a run requests each of its dependencies, in order, as computed so far."""
        changed = True
        while changed:
            changed = False
            budget.spend(Limit.PAIRS, effort)
            for task, entered in visits:
                changed |= self._update_begin(task) if entered else self._update_start(task)

    def over_at(self, task: ScheduledRun, position: int) -> int:
        """Return the runs that are over when a task requests the dependency at a position, as a bit set.

        At the position after the last dependency, these are the runs that are over when all dependencies are over.
        """
        over = self._over_at[task]
        for waits in task.awaited_runs[len(over) - 1 : position]:
            over.append(over[-1] | self._over_after(waits))
        return self.begin[task] if task.is_concurrent and position < len(task.awaited_runs) else over[position]

    def _over_after(self, waits: Sequence[ScheduledRun]) -> int:
        over = -1 if waits else 0
        for task in waits:
            over &= self.start[task] | 1 << self.index[task] if task in self.index else 0
        return over

    def _update_begin(self, task: ScheduledRun) -> bool:
        before = self.begin[task]
        if task.later_requests:
            begin = -1
            for requester, position in task.later_requests:
                begin &= self.over_at(requester, position) if requester in self.index else 0
            self.begin[task] = begin
        self._over_at[task] = [self.begin[task]]
        return before != self.begin[task]

    def _update_start(self, task: ScheduledRun) -> bool:
        start = self.over_at(task, len(task.awaited_runs))
        changed = start != self.start[task]
        self.start[task] = start
        return changed


def _repeated_steps(
    tasks: Sequence[ScheduledRun], predecessors: _Predecessors, called: Sequence[ScheduledRun], simulation: Simulation
) -> tuple[StepDefinition, ...]:
    """Return the steps that another run requests before they have started, so the SDK runs them again."""
    if simulation.resolvers:
        tasks, visits = _postorder([*called, *simulation.resolvers.values()], _awaited_by)
        predecessors = _Predecessors(
            {task: position for position, task in enumerate(tasks)}, visits, simulation.context.budget
        )
    steps = list(simulation.may_not_have_started)
    requesters: dict[ScheduledRun, frozenset[ScheduledRun]] = {}
    for task in tasks:
        if (
            task.conditional
            and task.shared_requests
            and (task.is_concurrent or simulation.may_wait_for_dependencies(task.run))
        ):
            steps += candidate_steps(task.run)
        resolver = simulation.resolvers.get(task, task)
        if (
            task.conditional
            or isinstance(task.run, StepChoice)
            or resolver.task_id is not None  # begun at an earlier await
            or not (
                task.is_concurrent or resolver.may_wait or predecessors.start[resolver] != predecessors.begin[resolver]
            )
        ):
            continue
        sufficient = 1 << predecessors.index[task]
        last = _last_begun_by(resolver, requesters)
        if last is not None:
            sufficient |= 1 << predecessors.index[last]
        requests = [
            (requester, position) for requester, position in task.shared_requests if requester in predecessors.index
        ]
        if any(
            not predecessors.over_at(*request) & sufficient and _may_share_path(task, request[0])
            for request in requests
        ):
            steps.append(task.run.definition)
    return tuple(dict.fromkeys(steps))


def _may_share_path(run: ScheduledRun, requester: ScheduledRun) -> bool:
    """Return whether two runs may begin on the same path. Calls that need not begin can be on different paths."""
    return run.must_begin or must_have_begun_with(requester, run)


def _last_begun_by(task: ScheduledRun, requesters: dict[ScheduledRun, frozenset[ScheduledRun]]) -> ScheduledRun | None:
    """Return the run that a step begins itself and awaits last, if the step is the first to resume after it.

    `requesters` stores the runs with shared requests of each run, because thousands of runs may await the same run.
    """
    if task.is_concurrent or not task.awaited_runs or len(task.awaited_runs[-1]) != 1:
        return None
    (last,) = task.awaited_runs[-1]
    if last not in requesters:
        requesters[last] = frozenset(requester for requester, _ in last.shared_requests)
    return None if task in requesters[last] else last
