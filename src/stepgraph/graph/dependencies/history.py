"""Run states of steps that other steps need: whether each step has run on the paths to a program point.

A `StartOperation` starts a task. The task is queued until the next await, and begins to run there.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final, TypeAlias

from msgspec import Struct, field
from msgspec.structs import replace

from stepgraph.graph.dependencies.scheduled_runs import HasRun
from stepgraph.ir.await_groups import TaskId
from stepgraph.ir.nodes import StartOperation, StepDefinition

RunState: TypeAlias = int
"""The run state of a step at a program point: a bit set with one bit for each kind of path to the point."""

NO_PATH: Final = 0
"""No path: the bottom of the lattice."""
NOT_RUN: Final = 1
"""The step has not run on some path."""
RUN: Final = 2
"""The step has run on some path."""
FAILED_OR_SKIPPED: Final = 4
"""The step failed, or was skipped, on some path through an exception."""
FROM_CALLER: Final = 8
"""The step has the run state that it had at the call of the function, on some path."""

RunStates: TypeAlias = dict[StepDefinition, RunState]
"""Run states by step."""


class PathSplit(Struct, frozen=True):
    """Run states for a task that is queued on only some paths, split by whether it is queued."""

    queued_tasks: RunStates
    """Run states on the paths on which the task is queued."""
    orelse: RunStates
    """Run states on all other paths."""


class RunHistory(Struct, eq=False):
    """The abstract state at a program point of a function."""

    run_states: dict[StepDefinition, RunState] = field(default_factory=dict)
    """The run state of each step. A step without an entry has the state that it had at the call."""
    running_task_by_step: dict[StepDefinition, TaskId] = field(default_factory=dict)
    """The background task that runs each step, if it is the same task on every path."""
    queued_tasks: dict[TaskId, StartOperation] = field(default_factory=dict)
    """The tasks that may be queued: they begin at the next await."""
    path_splits: Mapping[TaskId, PathSplit] = field(default_factory=dict)
    """The split run states for each task that is queued on only some paths."""
    must_have_started: frozenset[TaskId] = frozenset()
    """The tasks that have started on every path."""
    may_be_running: frozenset[TaskId] = frozenset()
    """The tasks that may be running in the background."""
    fewest_exceptions: int = 0
    """The lowest number of exceptions on a path to the point."""
    begun_by_first_await: frozenset[StepDefinition] | None = None
    """The steps that have begun, on every path, by the first await of the function. None if no path has awaited yet."""
    may_precede_first_await: bool = True
    """Whether some path to the point has not awaited yet."""

    def copy(self) -> RunHistory:
        """Return a copy whose dictionaries can change independently, for another path."""
        return replace(
            self,
            run_states=dict(self.run_states),
            running_task_by_step=dict(self.running_task_by_step),
            queued_tasks=dict(self.queued_tasks),
        )

    def at(self, step: StepDefinition) -> RunState:
        """Return the run state of a step."""
        return run_state_of(self.run_states, step)

    def add_started_task(self, start: StartOperation) -> None:
        """Record a started task, which begins at the next await."""
        self.queued_tasks[start.task_id] = start
        self.path_splits = {task_id: split for task_id, split in self.path_splits.items() if task_id != start.task_id}
        self.must_have_started |= {start.task_id}

    def add_possibly_queued(self, queued: Mapping[TaskId, StartOperation]) -> None:
        """Record tasks that are queued on some paths and not started on others."""
        added = {task_id: start for task_id, start in queued.items() if task_id not in self.queued_tasks}
        self.queued_tasks |= added
        self.path_splits = {
            **self.path_splits,
            **dict.fromkeys(added, PathSplit(dict(self.run_states), dict(self.run_states))),
        }

    def mark_begun(self, step: StepDefinition, *, on_every_path: bool) -> None:
        """Record that a step has begun, on every path or on some paths."""
        self.run_states[step] = (self.at(step) & FAILED_OR_SKIPPED) | RUN if on_every_path else self.at(step) | RUN

    def mark_begun_where_queued(self, step: StepDefinition, split: PathSplit) -> None:
        """Record that a step has begun on the paths on which a task was queued before the current await."""
        preserved = run_state_of(split.orelse, step) | run_state_of(split.queued_tasks, step) & FAILED_OR_SKIPPED
        self.run_states[step] = self.at(step) & preserved | RUN

    def apply_effects(self, effects: Mapping[StepDefinition, RunState], *, on_every_path: bool = True) -> None:
        """Apply the effects of a function that is called on every path or on some paths."""
        for step, effect in effects.items():
            current = self.at(step)
            preserved = current if effect & FROM_CALLER or not on_every_path else NO_PATH
            self.run_states[step] = preserved | effect & ~FROM_CALLER

    def mark_declared(self, steps: Iterable[StepDefinition]) -> None:
        """Record new declarations of steps that have not run."""
        for step in steps:
            self.run_states[step] = NOT_RUN
            self.running_task_by_step.pop(step, None)

    def mark_possibly_declared(self, steps: Iterable[StepDefinition]) -> None:
        """Record steps that have not run if new declarations have their names."""
        for step in steps:
            self.run_states[step] = self.at(step) | NOT_RUN

    __hash__ = None  # type: ignore[assignment] # mutable

    def __eq__(self, other: object) -> bool:
        """Return whether two states are equal. Queued tasks are compared by id."""
        if not isinstance(other, RunHistory):
            return NotImplemented
        same_steps = (
            self.run_states == other.run_states
            and self.running_task_by_step == other.running_task_by_step
            and self.fewest_exceptions == other.fewest_exceptions
        )
        same_tasks = self.must_have_started == other.must_have_started and self.may_be_running == other.may_be_running
        return (
            same_steps
            and same_tasks
            and self.begun_by_first_await == other.begun_by_first_await
            and self.may_precede_first_await == other.may_precede_first_await
            and self.queued_tasks.keys() == other.queued_tasks.keys()
            and self.path_splits == other.path_splits
        )


def join_states(states: Iterable[RunHistory | None]) -> RunHistory | None:
    """Return the join of several states. None stands for a path that does not reach the point.

    A path through more exceptions than others can add a step that may have run, but not prove that a step has not run:
    the step can fail, and the exception can skip it.
    """
    reachable = sorted((state for state in states if state is not None), key=lambda state: state.fewest_exceptions)
    if not reachable:
        return None
    result = reachable[0].copy()
    for state in reachable[1:]:
        exceptional = state.fewest_exceptions > result.fewest_exceptions
        result.path_splits = _join_splits(result, state, exceptional=exceptional)
        result.run_states = _join_run_states(result.run_states, state.run_states, exceptional=exceptional)
        result.running_task_by_step = {
            step: task_id
            for step, task_id in result.running_task_by_step.items()
            if state.running_task_by_step.get(step) == task_id
        }
        result.queued_tasks |= state.queued_tasks
        result.must_have_started &= state.must_have_started
        result.may_be_running |= state.may_be_running
        result.may_precede_first_await |= state.may_precede_first_await
        if not exceptional and result.begun_by_first_await != state.begun_by_first_await:
            result.begun_by_first_await = (result.begun_by_first_await or frozenset()) & (
                state.begun_by_first_await or frozenset()
            )
    return result


def _join_splits(first: RunHistory, second: RunHistory, *, exceptional: bool) -> Mapping[TaskId, PathSplit]:
    """Return the split run states at a join, for each task that is queued on only some of its paths."""
    splits: dict[TaskId, PathSplit] = {}
    for task_id in {**first.queued_tasks, **second.queued_tasks}:
        split = first.path_splits.get(task_id)
        if split is None or split is not second.path_splits.get(task_id):
            (queued, not_queued), (second_queued, second_not_queued) = (
                _split_at(first, task_id),
                _split_at(second, task_id),
            )
            queued = _join_optional(queued, second_queued, exceptional=exceptional)
            not_queued = _join_optional(not_queued, second_not_queued, exceptional=exceptional)
            split = None if queued is None or not_queued is None else PathSplit(queued, not_queued)
        if split is not None:
            splits[task_id] = split
    return splits


def _split_at(state: RunHistory, task_id: TaskId) -> tuple[RunStates | None, RunStates | None]:
    """Return the run states on the paths with a task queued and on all other paths, each None without such paths."""
    if task_id not in state.queued_tasks:
        return None, state.run_states
    split = state.path_splits.get(task_id)
    return (state.run_states, None) if split is None else (split.queued_tasks, split.orelse)


def _join_optional(first: RunStates | None, second: RunStates | None, *, exceptional: bool) -> RunStates | None:
    if first is None or second is None:
        return second if first is None else first
    return _join_run_states(first, second, exceptional=exceptional)


def _join_run_states(first: RunStates, second: RunStates, *, exceptional: bool) -> RunStates:
    result = {**first, **second}
    # The join of two equal states is the same state, and the paths after most branches differ in few steps.
    for step in [step for step, state in result.items() if first.get(step) != state or step not in second]:
        first_state, second_state = run_state_of(first, step), run_state_of(second, step)
        result[step] = first_state | (_after_exception(second_state, first_state) if exceptional else second_state)
    return result


def run_state_of(run_states: Mapping[StepDefinition, RunState], step: StepDefinition) -> RunState:
    """Return the run state of a step, or `FROM_CALLER` for a step without an entry."""
    return run_states.get(step, FROM_CALLER)


def _after_exception(run_state: RunState, normal: RunState) -> RunState:
    """Return the run state that a path through an exception adds to the state on normal paths."""
    skipped = run_state & (NOT_RUN | FROM_CALLER) & ~normal
    return run_state & (RUN | FAILED_OR_SKIPPED) | (FAILED_OR_SKIPPED if skipped else NO_PATH)


def has_run(run_state: RunState) -> HasRun:
    """Return whether a step has run on the normal paths. Paths through an exception do not count."""
    if not run_state & NOT_RUN:
        return HasRun.ALWAYS
    return HasRun.SOMETIMES if run_state & RUN else HasRun.NEVER
