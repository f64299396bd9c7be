"""The named steps and event waits of a task, and whether each begins after an await."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from enum import IntFlag
from typing import Literal, TypeAlias, assert_never

from msgspec import Struct, field
from msgspec.structs import replace

from stepgraph.checks.analysis.call_branches import CallBranches, CallContext
from stepgraph.ir.dataflow import Domain, Leaf, Observer, solve
from stepgraph.ir.nodes import (
    Activity,
    Await,
    Call,
    Choice,
    EventWait,
    Function,
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
from stepgraph.limits import Budget, Limit
from stepgraph.syntax.module import SourcePlace


class StartedActivity(Struct, frozen=True):
    """Work that a program runs or starts, with its location."""

    activity: Activity
    place: SourcePlace


ActivityKind: TypeAlias = Literal["step", "wait"]


class NamedActivity(Struct, frozen=True):
    """A step or event wait with its name."""

    kind: ActivityKind
    name: str
    place: SourcePlace
    """The location of the call that declares the step or waits for the event."""
    direct: bool
    """Whether the program itself, rather than a called function, runs or starts the activity."""
    after_await: bool = False
    """Whether the activity begins after an earlier await, so that its start time depends on other work."""
    in_one_run: bool = False
    """Whether only one run of the work reaches the activity, although a loop starts the work with several arguments."""


class NamedActivities(Struct):
    """The steps and event waits of work, excluding dependencies and step bodies.

    Each function is analyzed once for each set of branches that calls with constant arguments can take.
    """

    budget: Budget
    """The budget to which the analysis charges each visited operation."""
    _cache: dict[Hashable, Sequence[NamedActivity]] = field(default_factory=dict)
    _branches: CallBranches = field(default_factory=CallBranches)
    _summaries: _Summaries = field(default_factory=dict)

    def key_of(self, work: StartedActivity) -> Hashable:
        """Return a key that is equal for work with the same steps, such as calls that can take the same branches."""
        activity = work.activity
        if not isinstance(activity, Call):
            return id(activity)
        return id(activity.function), self._branches.context_of(activity, None).key

    def of(self, work: StartedActivity) -> Sequence[NamedActivity]:
        """Return the distinct steps and event waits of work, in execution order."""
        key = self.key_of(work)
        activities = self._cache.get(key)
        if activities is None:
            domain = _WorkDomain(self.budget, self._branches, self._summaries)
            domain.add(work.activity, work.place, _PathFacts.IN_SEVERAL_RUNS, direct=True)
            activities = self._cache[key] = tuple(domain.activities())
        return activities


class _PathFacts(IntFlag):
    """The facts about the paths to a program point. `START` is the start of work that a loop does not repeat."""

    START = 0
    AFTER_AWAIT = 1
    """Some path has awaited something."""
    IN_SEVERAL_RUNS = 2
    """Several runs of the work may reach the point. A loop may start the work with several constant arguments."""


_Progress: TypeAlias = dict[NamedActivity, _PathFacts]
"""The facts about the paths to each step or event wait, which its fields do not contain yet."""

_Summaries: TypeAlias = dict[Hashable, _Progress]
"""The steps and event waits of calls that take no branches by their arguments, by the key of the call."""


class _OpenCall(Struct):
    """An open call, or the work itself."""

    lowest: int
    """The position of the outermost open frame whose activities are also activities of this one, as in a recursion.

    It is 0, the position of the work, if the activities depend on the arguments of calls in the work.
    """
    progress: _Progress = field(default_factory=dict)

    def add(self, progress: _Progress) -> None:
        for activity, facts in progress.items():
            self.progress[activity] = self.progress.get(activity, _PathFacts.START) | facts


class _WorkDomain(Domain[_PathFacts], Observer[_PathFacts]):
    """A dataflow domain that follows the progress of work and collects its steps and event waits.

    Tasks that request a lock before their first await acquire it in the order in which they begin. The steps that these
    tasks run under the lock begin in the same order.
    """

    def __init__(self, budget: Budget, branches: CallBranches, summaries: _Summaries) -> None:
        self.budget = budget
        self.branches = branches
        self.summaries = summaries
        self.frames: list[_OpenCall] = [_OpenCall(0)]
        """The work and its open calls, innermost last."""
        self.in_turn: list[bool] = [False]
        """Whether a lock that is acquired in start order is held in each open block, innermost last."""
        self.held_in_turn: dict[int, bool] = {}
        """Whether the lock of a scope is acquired in start order, by the `id` of its block."""
        self.contexts: list[CallContext | None] = [None]
        """The context of each open call, innermost last."""
        self.visited: dict[Hashable, int] = {}
        """The position or, after its end, the `lowest` of each analyzed call. The key of a call consists of the `id` of
        the function, the key of the context, and the state at the call."""
        self.unfinished: list[Hashable] = []
        """The keys of calls without a summary, in order of their start."""

    def activities(self) -> Iterator[NamedActivity]:
        """Yield the steps and event waits that the analysis has collected."""
        for activity, progress in self.frames[0].progress.items():
            yield replace(
                activity,
                after_await=_PathFacts.AFTER_AWAIT in progress,
                in_one_run=_PathFacts.IN_SEVERAL_RUNS not in progress,
            )

    def add(
        self,
        activity: Activity,
        place: SourcePlace,
        progress: _PathFacts,
        *,
        in_turn: bool = False,
        direct: bool = False,
    ) -> None:
        """Add the steps and event waits of an activity that begins with the progress `progress`.

        `in_turn` states whether the activity runs under a lock that is acquired in start order, and `direct` whether
        the program itself runs or starts the activity.
        """
        if in_turn:
            progress &= ~_PathFacts.AFTER_AWAIT
        match activity:
            case StepRun(definition=definition, dependencies=dependencies):
                if dependencies and not in_turn:
                    progress |= _PathFacts.AFTER_AWAIT
                self.record("step", definition.name, definition.place, progress, direct=direct)
            case EventWait(name=name):
                self.record("wait", name, place, progress, direct=direct)
            case Call(function=function):
                context = self.branches.context_of(activity, self.contexts[-1])
                key = id(function), context.key, progress, in_turn
                if key in self.summaries:
                    self.budget.spend(Limit.PAIRS, len(self.summaries[key]))
                    self.frames[-1].add(self.summaries[key])
                elif key in self.visited:
                    self.frames[-1].lowest = min(self.frames[-1].lowest, self.visited[key])
                else:
                    self.in_turn.append(in_turn)
                    self.add_call(function, context, key, progress)
                    self.in_turn.pop()
            case Sleep() | SleepUntil() | Series():
                pass
            case _ as never:
                assert_never(never)

    def add_call(self, function: Function, context: CallContext, key: Hashable, progress: _PathFacts) -> None:
        """Add the activities of a call, and summarize it with the calls that are recursive with it."""
        position, first = len(self.frames), len(self.unfinished)
        frame = _OpenCall(0 if context.arguments else position)
        self.visited[key] = position
        self.unfinished.append(key)
        self.frames.append(frame)
        self.contexts.append(context)
        solve(function.body, progress, self, self, self.budget)
        self.contexts.pop()
        self.frames.pop()
        self.visited[key] = frame.lowest
        if frame.lowest == position:
            self.summaries |= dict.fromkeys(self.unfinished[first:], frame.progress)
            del self.unfinished[first:]
        else:
            self.frames[-1].lowest = min(self.frames[-1].lowest, frame.lowest)
        self.budget.spend(Limit.PAIRS, len(frame.progress))
        self.frames[-1].add(frame.progress)

    def record(self, kind: ActivityKind, name: str, place: SourcePlace, progress: _PathFacts, *, direct: bool) -> None:
        self.frames[-1].add({NamedActivity(kind, name, place, direct): progress})

    def transfer(self, operation: Leaf, state: _PathFacts) -> _PathFacts:
        match operation:
            case Run(activity=activity, place=place):
                self.add(activity, place, state, in_turn=self.in_turn[-1])
                return state | _PathFacts.AFTER_AWAIT
            case StartOperation(activity=activity, place=place):
                # A task does not hold the lock of the work that starts it, but tasks under a lock are started in turn.
                self.add(activity, place, state & ~_PathFacts.AFTER_AWAIT if self.in_turn[-1] else state)
                return state
            case Await() | Pause():
                return state | _PathFacts.AFTER_AWAIT
            case _:
                return state

    def skips_branch(self, choice: Choice, index: int) -> bool:
        """Skip a branch that the constant arguments of the call exclude."""
        return self.possible_runs(choice, index) == 0

    def enter_branch(self, choice: Choice, index: int, state: _PathFacts) -> _PathFacts:
        return state & ~_PathFacts.IN_SEVERAL_RUNS if self.possible_runs(choice, index) == 1 else state

    def possible_runs(self, choice: Choice, index: int) -> int | None:
        """Return the number of runs that can take a branch, or None if the innermost call does not decide."""
        context = self.contexts[-1]
        runs = None if context is None else context.runs.get(id(choice))
        return None if runs is None else runs[index]

    def join(self, first: _PathFacts, second: _PathFacts) -> _PathFacts:
        return first | second

    def enter_scope(self, scope: Scope, state: _PathFacts) -> _PathFacts:
        """Treat the request of a lock as an await."""
        if not scope.serialized:
            return state
        self.held_in_turn[id(scope.block)] = _PathFacts.AFTER_AWAIT not in state
        return state | _PathFacts.AFTER_AWAIT

    def enter(self, block: OperationBlock, state: _PathFacts) -> None:
        del state
        self.in_turn.append(self.in_turn[-1] or self.held_in_turn.get(id(block), False))

    def leave(self) -> None:
        self.in_turn.pop()
