"""Idle periods after a sleep: the waits, sleeps and retries during which the engine may unload the instance.

When the instance resumes, the engine replays `run` from its start, and so evaluates the sleep again.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from functools import reduce
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from stepgraph.checks.analysis.tries import stops_errors
from stepgraph.durations import MINUTE, parse_duration
from stepgraph.ir.await_groups import AwaitGroup, TaskId, awaited_tasks_of, is_race, tasks_done_after
from stepgraph.ir.dataflow import Domain, Leaf, solve
from stepgraph.ir.nodes import (
    Activity,
    Await,
    Call,
    EventWait,
    Function,
    OperationBlock,
    PartialOrder,
    Pause,
    Run,
    Series,
    Sleep,
    SleepUntil,
    StartOperation,
    StepDefinition,
    StepRun,
    TryOperation,
    operations_in,
    work_kind,
)
from stepgraph.ir.step_settings import MergedStepConfig
from stepgraph.ir.walk import activities_in, transitive_dependencies
from stepgraph.limits import Budget, Limit
from stepgraph.phrases import quoted_name
from stepgraph.syntax.module import SourcePlace

if TYPE_CHECKING:
    from stepgraph.model.payload import Number

_MIN_RETRY_DELAY: Final = MINUTE
"""The shortest delay between attempts that counts as an idle period, in milliseconds. Default retries are faster."""
_MAX_DOUBLINGS: Final = 64
"""The number of doublings after which an exponential delay exceeds every bound."""


class IdlePeriod(Struct, frozen=True):
    """An idle period that follows a sleep."""

    phrase: str
    """The description of the first one: `the wait 'approval'`."""
    is_certain: bool
    """Whether an idle period follows on every path to the end of `run`."""


def idle_periods_after(body: OperationBlock, sleeps: Collection[SourcePlace]) -> dict[SourcePlace, IdlePeriod]:
    """Return the first idle period after each of the `sleep_until` calls at these locations that one follows.

    Raises LimitExceededError if the program exceeds a limit.
    """
    analysis = _IdlePeriods({place: 2 << number for number, place in enumerate(sleeps)})
    for function in _callees_first(body):
        analysis.summarize(function)
    at_end = analysis.solve(body)
    without_idle = _NONE if at_end is None else at_end.without_idle
    uncertain = without_idle | analysis.uncertain
    return {
        place: IdlePeriod(analysis.phrases[sleep], not sleep & uncertain)
        for place, sleep in analysis.sleeps.items()
        if sleep in analysis.phrases
    }


class _Sleeps(Struct, frozen=True):
    """The sleeps that some path to a program point has completed, as bit sets."""

    completed: int
    without_idle: int
    """The sleeps that some path leads from to the point without an idle period."""


_NONE: Final = 0
_CALLER: Final = 1
"""The bit that stands for all sleeps that the caller of a function has completed."""


class _CallSummary(Struct, frozen=True):
    """The effect of a call."""

    end: _Sleeps | None
    """The sleeps at the normal end of the function, entered with the sleep `_CALLER`. None if it never returns."""
    phrase: str | None
    """The description of the first idle period of the function, if any."""


class _IdlePeriods(Domain[_Sleeps]):
    """The forward analysis of completed sleeps. Each sleep is a bit."""

    def __init__(self, sleeps: dict[SourcePlace, int]) -> None:
        self.sleeps = sleeps
        """The bit of each sleep, by its location."""
        self.phrases: dict[int, str] = {}
        """The first idle period after each sleep, by its bit."""
        self.recorded = _NONE
        """The sleeps in `phrases`."""
        self.uncertain = _NONE
        """The sleeps after which an idle period may begin before their time: in tasks, or interrupted by errors."""
        self.started: dict[TaskId, StartOperation] = {}
        self.summaries: dict[int, _CallSummary] = {}
        """The effects of calls, by the `id` of the function. A recursive call has no effect."""
        self.retries: dict[int, str | None] = {}
        """The phrases of the late retries of each step run, by `id`."""
        self.budget = Budget()

    def summarize(self, function: Function) -> None:
        """Record the effect of a function whose callees have summaries."""
        end = self.solve(function.body)
        self.summaries[id(function)] = _CallSummary(end, self.phrases.pop(_CALLER, None))
        self.recorded &= ~_CALLER

    def solve(self, body: OperationBlock) -> _Sleeps | None:
        """Return the state at the normal end of a function body."""
        for operation in operations_in(body):
            if isinstance(operation, StartOperation):
                self.started[operation.task_id] = operation
                self.uncertain |= self.sleeps_in(operation)
        exits = solve(body, _Sleeps(_CALLER, _CALLER), self, budget=self.budget)
        ends = [end for end in (exits.end, exits.returns) if end is not None]
        return reduce(self.join, ends) if ends else None

    def sleeps_in(self, start: StartOperation) -> int:
        """Return the sleeps that a task completes."""
        if isinstance(start.activity, Call):
            summary = self.summaries.get(id(start.activity.function))
            return _NONE if summary is None or summary.end is None else summary.end.completed & ~_CALLER
        return self.sleeps.get(start.place, _NONE)

    # States

    def transfer(self, operation: Leaf, state: _Sleeps) -> _Sleeps | None:
        match operation:
            case Run(activity=activity, place=place):
                return self.after(activity, place, state)
            case Await(group=group):
                return self.after_await(group, state)
            case PartialOrder():
                return self.after_all(OperationBlock((operation,)), state)
            case StartOperation() | Pause():
                return state

    def join(self, first: _Sleeps, second: _Sleeps) -> _Sleeps:
        return _Sleeps(first.completed | second.completed, first.without_idle | second.without_idle)

    def leave_try(
        self, try_: TryOperation, before: _Sleeps, end: _Sleeps | None, raised: _Sleeps | None
    ) -> tuple[_Sleeps | None, _Sleeps | None]:
        """Mark the sleeps that an error may end before their time, such as a timeout that a handler stops."""
        interrupted = _NONE if raised is None else raised.completed & ~before.completed
        if interrupted & ~self.uncertain and any(map(stops_errors, try_.handlers)):
            self.uncertain |= interrupted
        return end, raised

    def after(self, activity: Activity, place: SourcePlace | None, state: _Sleeps) -> _Sleeps | None:
        """Return the state after an activity. Return None if it never ends."""
        match activity:
            case Sleep() | EventWait():
                return self.after_idle_period(activity, state)
            case SleepUntil():
                state = self.after_idle_period(activity, state)
                sleep = _NONE if place is None else self.sleeps.get(place, _NONE)
                return _Sleeps(state.completed | sleep, state.without_idle | sleep)
            case StepRun():
                self.record(state.completed, self.late_retry(activity))
                return state
            case Series(block=block):
                return self.after_all(block, state)
            case Call(function=function):
                return self.after_call(self.summaries.get(id(function)), state)

    def after_idle_period(self, activity: Sleep | SleepUntil | EventWait, state: _Sleeps) -> _Sleeps:
        phrase = _wait_phrase(activity)
        if phrase is None:
            return state
        self.record(state.completed, phrase)
        return _Sleeps(state.completed, _NONE)

    def after_call(self, summary: _CallSummary | None, state: _Sleeps) -> _Sleeps | None:
        if summary is None:
            return state
        self.record(state.completed, summary.phrase)
        if summary.end is None:
            return None
        without_idle = state.without_idle if summary.end.without_idle & _CALLER else _NONE
        return _Sleeps(
            state.completed | summary.end.completed & ~_CALLER, without_idle | summary.end.without_idle & ~_CALLER
        )

    def after_all(self, block: OperationBlock, state: _Sleeps) -> _Sleeps:
        """Return the state after all activities of a block, in any order."""
        for activity in activities_in(block):
            if not isinstance(activity, SleepUntil):
                state = self.after(activity, None, state) or state
        return state

    def after_await(self, group: AwaitGroup, state: _Sleeps) -> _Sleeps:
        """Return the state after an await of tasks. The members of a race may still be pending."""
        done = {awaited.task_id for awaited in tasks_done_after(group) if awaited.on_every_path}
        members = [self.started[a.task_id] for a in awaited_tasks_of(group) if a.task_id in self.started]
        result = state
        for member in members:
            end = self.after(member.activity, member.place, state) or state
            completed = result.completed | end.completed
            without_idle = result.without_idle & end.without_idle if member.task_id in done else result.without_idle
            result = _Sleeps(completed, without_idle | end.without_idle & ~state.completed)
        if not is_race(group):
            self.record_concurrent(members)
        return result

    def record_concurrent(self, members: list[StartOperation]) -> None:
        """Record the idle period of the first other member with one, for each sleep of the members."""
        idle_members = [
            (member, phrase) for member in members if (phrase := self.idle_phrase(member.activity)) is not None
        ]
        for member in members:
            parallel = next((phrase for idle_member, phrase in idle_members[:2] if idle_member is not member), None)
            self.record(self.sleeps_in(member), parallel)

    def idle_phrase(self, activity: Activity) -> str | None:
        """Return the phrase of the first idle period in an activity, if any."""
        match activity:
            case Sleep() | SleepUntil() | EventWait():
                return _wait_phrase(activity)
            case StepRun():
                return self.late_retry(activity)
            case Call(function=function):
                summary = self.summaries.get(id(function))
                return None if summary is None else summary.phrase
            case Series():
                return None

    def late_retry(self, run: StepRun) -> str | None:
        """Return the phrase of a retry, of a step or its dependencies, before which the instance may be idle."""
        if id(run) not in self.retries:
            self.retries[id(run)] = next(
                (
                    f"a retry of the step {definition.quoted_name}"
                    for definition in self.definitions_of(run)
                    if _longest_delay(definition.settings) >= _MIN_RETRY_DELAY
                ),
                None,
            )
        return self.retries[id(run)]

    def definitions_of(self, run: StepRun) -> Iterator[StepDefinition]:
        yield run.definition
        for definition in transitive_dependencies(run):
            self.budget.spend(Limit.PAIRS)
            yield definition

    def record(self, sleeps: int, phrase: str | None) -> None:
        """Record an idle period after several sleeps, unless an earlier one follows them."""
        if phrase is None:
            return
        sleeps &= ~self.recorded
        self.recorded |= sleeps
        while sleeps:
            sleep = sleeps & -sleeps
            self.phrases[sleep] = phrase
            sleeps ^= sleep


def _wait_phrase(activity: Sleep | SleepUntil | EventWait) -> str | None:
    """Return the phrase of a sleep or wait, or None for a sleep of 0 milliseconds."""
    if isinstance(activity, Sleep) and isinstance(activity.duration, int | float) and activity.duration <= 0:
        return None
    return f"the {work_kind(activity)} {quoted_name(activity.name)}"


def _longest_delay(settings: MergedStepConfig) -> float:
    """Return the longest delay between two attempts in milliseconds, or 0 if it is unknown."""
    if settings.limit < 1:
        return 0
    delay = _milliseconds(settings.delay)
    match settings.backoff:
        case "exponential":
            return delay * 2.0 ** min(settings.limit - 1, _MAX_DOUBLINGS)
        case "linear":
            return delay * settings.limit
        case _:
            return delay


def _milliseconds(duration: Number | str) -> float:
    """Return a duration in milliseconds, or 0 if it is unknown."""
    if not isinstance(duration, str):
        return duration
    parsed = parse_duration(duration)
    return 0 if parsed is None else parsed.milliseconds


def _callees_first(body: OperationBlock) -> list[Function]:
    """Return the functions that a body calls, directly or indirectly, each after the functions that it calls."""
    order: list[Function] = []
    visited: set[int] = set()
    stack: list[tuple[Function | None, Iterator[Function]]] = [(None, _called_functions(body))]
    while stack:
        function, callees = stack[-1]
        callee = next(callees, None)
        if callee is not None:
            if id(callee) not in visited:
                visited.add(id(callee))
                stack.append((callee, _called_functions(callee.body)))
            continue
        stack.pop()
        if function is not None:
            order.append(function)
    return order


def _called_functions(body: OperationBlock) -> Iterator[Function]:
    for operation in operations_in(body):
        if isinstance(operation, Run | StartOperation) and isinstance(operation.activity, Call):
            yield operation.activity.function
