"""Run states: for each step that another step needs, whether it has run on the paths to a program point.

A task is started by a `Start`, is queued until the next await, and begins to run there.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final, TypeAlias

from msgspec import Struct, field
from msgspec.structs import replace

from stepgraph.graph.dependencies.schedule import HasRun
from stepgraph.ir.nodes import Start, StepDefinition, TaskId

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
    """Run states split by whether a task is queued, for a task that is queued on some paths only."""

    waiting: RunStates
    """Run states on the paths on which the task is queued."""
    orelse: RunStates
    """Run states on all other paths."""


class RunHistory(Struct, eq=False):
    """The abstract state at a program point of a function."""

    past: dict[StepDefinition, RunState] = field(default_factory=dict)
    """The run state of each step. A step without an entry has the state that it had at the call."""
    running: dict[StepDefinition, TaskId] = field(default_factory=dict)
    """The background task that runs each step, if it is the same task on every path."""
    waiting: dict[TaskId, Start] = field(default_factory=dict)
    """The tasks that may be queued: they begin at the next await."""
    apart: Mapping[TaskId, PathSplit] = field(default_factory=dict)
    """The split run states for each task that is queued on some paths only."""
    started: frozenset[TaskId] = frozenset()
    """The tasks that have started on every path."""
    going: frozenset[TaskId] = frozenset()
    """The tasks that may be running in the background."""
    exceptional: bool = False
    """Whether every path to the point goes through an exception."""
    first: frozenset[StepDefinition] | None = None
    """The steps that have begun, on every path, by the first await of the function. None if no path has awaited yet."""
    entering: bool = True
    """Whether some path to the point has not awaited yet."""

    def copy(self) -> RunHistory:
        """Return a copy for another path."""
        return replace(self, past=dict(self.past), running=dict(self.running), waiting=dict(self.waiting))

    def at(self, step: StepDefinition) -> RunState:
        """Return the run state of a step."""
        return run_state_of(self.past, step)

    def set_going(self, start: Start) -> None:
        """Record a started task, which begins at the next await."""
        self.waiting[start.task_id] = start
        self.apart = {task_id: split for task_id, split in self.apart.items() if task_id != start.task_id}
        self.started |= {start.task_id}

    def may_wait(self, queued: Mapping[TaskId, Start]) -> None:
        """Record tasks that may be queued, but may also not have started."""
        added = {task_id: start for task_id, start in queued.items() if task_id not in self.waiting}
        self.waiting |= added
        self.apart = {**self.apart, **dict.fromkeys(added, PathSplit(dict(self.past), dict(self.past)))}

    def begun(self, step: StepDefinition, *, on_every_path: bool = True) -> None:
        """Record that a step has begun, on every path or on some paths."""
        self.past[step] = (self.at(step) & FAILED_OR_SKIPPED) | RUN if on_every_path else self.at(step) | RUN

    def begun_where_waiting(self, step: StepDefinition, split: PathSplit) -> None:
        """Record that a step has begun on the paths on which a task was queued before the current await."""
        preserved = run_state_of(split.orelse, step) | run_state_of(split.waiting, step) & FAILED_OR_SKIPPED
        self.past[step] = self.at(step) & preserved | RUN

    def apply(self, effects: Mapping[StepDefinition, RunState], *, on_every_path: bool = True) -> None:
        """Apply the effects of a function that is called on every path or on some paths."""
        for step, effect in effects.items():
            current = self.at(step)
            preserved = current if effect & FROM_CALLER or not on_every_path else NO_PATH
            self.past[step] = preserved | effect & ~FROM_CALLER

    def declared(self, steps: Iterable[StepDefinition]) -> None:
        """Record new declarations of steps, none of which has run."""
        for step in steps:
            self.past[step] = NOT_RUN
            self.running.pop(step, None)

    __hash__ = None  # type: ignore[assignment] # mutable

    def __eq__(self, other: object) -> bool:
        """Whether two states are equal; queued tasks are compared by id."""
        if not isinstance(other, RunHistory):
            return NotImplemented
        same_steps = self.past == other.past and self.running == other.running and self.exceptional == other.exceptional
        same_tasks = self.started == other.started and self.going == other.going
        return (
            same_steps
            and same_tasks
            and self.first == other.first
            and self.entering == other.entering
            and self.waiting.keys() == other.waiting.keys()
            and self.apart == other.apart
        )


def join_states(states: Iterable[RunHistory | None]) -> RunHistory | None:
    """Return the join of several states; None is a path that does not reach the point.

    A path through an exception adds that a step may have run, never that it has not: the step may have failed, or the
    exception skipped it.
    """
    reachable = sorted((state for state in states if state is not None), key=lambda state: state.exceptional)
    if not reachable:
        return None
    result = reachable[0].copy()
    for state in reachable[1:]:
        exceptional = state.exceptional and not result.exceptional
        result.apart = _join_splits(result, state, exceptional=exceptional)
        result.past = _join_run_states(result.past, state.past, exceptional=exceptional)
        result.running = {
            step: task_id for step, task_id in result.running.items() if state.running.get(step) == task_id
        }
        result.waiting |= state.waiting
        result.started &= state.started
        result.going |= state.going
        result.entering |= state.entering
        if not exceptional and result.first != state.first:
            result.first = (result.first or frozenset()) & (state.first or frozenset())
    return result


def _join_splits(first: RunHistory, second: RunHistory, *, exceptional: bool) -> Mapping[TaskId, PathSplit]:
    """Return the split run states at a join, for each task that is queued on some of its paths only."""
    splits: dict[TaskId, PathSplit] = {}
    for task_id in {**first.waiting, **second.waiting}:
        split = first.apart.get(task_id)
        if split is None or split is not second.apart.get(task_id):
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
    """Return the run states where a task is queued and where it is not; None where no path leads there."""
    if task_id not in state.waiting:
        return None, state.past
    split = state.apart.get(task_id)
    return (state.past, None) if split is None else (split.waiting, split.orelse)


def _join_optional(first: RunStates | None, second: RunStates | None, *, exceptional: bool) -> RunStates | None:
    if first is None or second is None:
        return second if first is None else first
    return _join_run_states(first, second, exceptional=exceptional)


def _join_run_states(first: RunStates, second: RunStates, *, exceptional: bool) -> RunStates:
    result: RunStates = {}
    for step in {**first, **second}:
        first_state, second_state = run_state_of(first, step), run_state_of(second, step)
        result[step] = first_state | (_after_exception(second_state, first_state) if exceptional else second_state)
    return result


def run_state_of(run_states: Mapping[StepDefinition, RunState], step: StepDefinition) -> RunState:
    """Return the run state of a step. A step without an entry has the state that it had at the call."""
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
