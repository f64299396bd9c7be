"""The schedule of called steps: the runs of their dependencies that have not run, then their own runs.

Requests after the simulated part of an await may come in any order, so the schedule orders two runs only if every
execution does.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet

from msgspec import Struct

from stepgraph.graph.bit_sets import bits, restrict
from stepgraph.graph.dependencies.scheduled_runs import (
    DirectCall,
    HasRun,
    Key,
    ScheduledRun,
    SchedulingContext,
    definitions_of,
    direct_calls_of,
    must_have_begun_with,
)
from stepgraph.graph.dependencies.simulation import Simulation
from stepgraph.ir.await_groups import TaskId
from stepgraph.ir.nodes import StepChoice, StepDefinition
from stepgraph.limits import Budget, Limit


class Schedule(Struct, frozen=True):
    """The runs outside of background tasks, each after its dependencies, with their partial order."""

    tasks: tuple[ScheduledRun, ...]
    predecessors: tuple[int, ...]
    """Bit i of `before[j]` is set if run i is over before run j begins."""
    awaited_task_ids: tuple[tuple[TaskId, ...], ...]
    """The background tasks that are over before each run begins."""
    repeated_steps: tuple[StepDefinition, ...]
    """The steps that the SDK runs again, because they are needed while they wait for their own dependencies."""
    begun_runs: Mapping[Key, Sequence[ScheduledRun]]
    """All runs that begin, by the definitions of their dependency."""

    def restricted_to(self, part: Sequence[int]) -> Schedule:
        """Return the schedule of some runs, without the begun runs and the repeated steps of the whole schedule."""
        tasks = tuple(self.tasks[index] for index in part)
        after = tuple(self.awaited_task_ids[index] for index in part)
        return Schedule(tasks, tuple(restrict(self.predecessors, part)), after, (), {})

    def has_begun_for(
        self, roots: AbstractSet[DirectCall], step: StepDefinition, *, used_by_others: bool
    ) -> HasRun | None:
        """Return whether background work of some roots needs a step after it has begun; None if it has not begun.

        With `used_by_others`, other code may begin it before the background work requests it.
        """
        if any(step in key for key in self.begun_runs if len(key) > 1):
            return HasRun.SOMETIMES
        tasks = self.begun_runs.get((step,))
        if not tasks:
            return None
        background = [task for task in tasks if task not in self.tasks and not roots.isdisjoint(direct_calls_of(task))]
        needed = [task for task in background if task.root is None]
        if not background or (tasks[0] not in background and not needed):
            return (
                HasRun.ALWAYS if any(task.must_begin for task in tasks if task not in background) else HasRun.SOMETIMES
            )
        only_these = any(
            roots >= set(direct_calls_of(task)) and not (task.later_requests and used_by_others)
            for task in needed or background
        )
        return HasRun.NEVER if only_these and not any(task.conditional for task in needed) else HasRun.SOMETIMES


def schedule(roots: Sequence[DirectCall], context: SchedulingContext) -> Schedule:
    """Return the schedule of steps that are called at one await."""
    simulation = Simulation(context)
    called = simulation.begin(roots)
    tasks, visits = _postorder([task for task in called if task.task_id is None])
    foreground = [task for task in tasks if task.task_id is None]
    background = [task for task in tasks if task.task_id is not None]
    task_ids = [task.task_id for task in background if task.task_id is not None]
    predecessors = _Predecessors(
        {task: position for position, task in enumerate([*foreground, *background])}, visits, context.budget
    )
    before: list[int] = []
    after: list[tuple[TaskId, ...]] = []
    for task in foreground:
        over = predecessors.start[task]
        before.append(over & ((1 << len(foreground)) - 1))
        after.append(tuple(task_ids[position] for position in bits(over >> len(foreground))))
    return Schedule(
        tuple(foreground),
        tuple(before),
        tuple(after),
        _repeated_steps(tasks, predecessors, called, simulation),
        simulation.begun,
    )


def _postorder(roots: Sequence[ScheduledRun]) -> tuple[list[ScheduledRun], list[tuple[ScheduledRun, bool]]]:
    """Return the runs that roots wait for in postorder, and the visits: True on entry, False on exit."""
    visits: list[tuple[ScheduledRun, bool]] = []
    tasks: list[ScheduledRun] = []
    visited: set[ScheduledRun] = set()
    for root in roots:
        if root in visited:
            continue
        visited.add(root)
        visits.append((root, True))
        stack = [(root, _awaited_by(root))]
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
                stack.append((needed, _awaited_by(needed)))
    return tasks, visits


def _awaited_by(task: ScheduledRun) -> Iterator[ScheduledRun]:
    return (run for waits in task.awaited_runs for run in waits)


class _Predecessors:
    """The runs that are over before each run begins and before its step starts, as bit sets: a greatest fixpoint.

    A run that several requests may begin comes after the intersection of their predecessors. Sets only shrink.
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
        """The runs that are over at each request of a run, as far as computed in this round."""
        changed = True
        while changed:
            changed = False
            budget.spend(Limit.PAIRS, effort)
            for task, entered in visits:
                changed |= self._update_begin(task) if entered else self._update_start(task)

    def over_at(self, task: ScheduledRun, position: int) -> int:
        """Return the runs that are over when a task requests a dependency, by its position.

        At the position after the last dependency, return the runs that are over when all dependencies are.
        """
        over = self._over_at[task]
        for waits in task.awaited_runs[len(over) - 1 : position]:
            over.append(over[-1] | self._over_after(waits))
        return self.begin[task] if task.is_concurrent and position < len(task.awaited_runs) else over[position]

    def _over_after(self, waits: Sequence[ScheduledRun]) -> int:
        over = -1 if waits else 0
        for task in waits:
            over &= self.start[task] | 1 << self.index[task]
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
        tasks, visits = _postorder([*called, *simulation.resolvers.values()])
        predecessors = _Predecessors(
            {task: position for position, task in enumerate(tasks)}, visits, simulation.context.budget
        )
    steps = list(simulation.may_not_have_started)
    for task in tasks:
        if task.conditional and task.shared_requests and simulation.may_wait_for_dependencies(task.run):
            steps += definitions_of(task.run)
        resolver = simulation.resolvers.get(task, task)
        if (
            task.conditional
            or isinstance(task.run, StepChoice)
            or resolver.task_id is not None  # begun at an earlier await
            or not (task.is_concurrent or predecessors.start[resolver] != predecessors.begin[resolver])
        ):
            continue
        sufficient = 1 << predecessors.index[task]
        last = _last_begun_by(resolver)
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
    """Whether two runs may begin on the same path. Calls that may not happen can be on different paths."""
    return run.must_begin or must_have_begun_with(requester, run)


def _last_begun_by(task: ScheduledRun) -> ScheduledRun | None:
    """Return the run that a step begins itself and awaits last, if the step is the first to resume after it."""
    if task.is_concurrent or not task.awaited_runs or len(task.awaited_runs[-1]) != 1:
        return None
    (last,) = task.awaited_runs[-1]
    return None if any(requester is task for requester, _ in last.shared_requests) else last
