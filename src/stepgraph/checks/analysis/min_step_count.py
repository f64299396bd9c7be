"""The minimum number of steps that each run of a program executes if no step fails."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from msgspec import Struct, field

from stepgraph.ir.await_groups import AwaitedTask, TaskId, tasks_done_after
from stepgraph.ir.dataflow import Domain, Exits, Leaf, Observer, solve
from stepgraph.ir.nodes import (
    Activity,
    Await,
    Call,
    EventWait,
    Function,
    LoopOperation,
    Operation,
    OperationBlock,
    Run,
    Series,
    Sleep,
    SleepUntil,
    StartOperation,
    StepRun,
    TryOperation,
    child_blocks,
)
from stepgraph.ir.walk import Program
from stepgraph.syntax.module import SourcePlace

# Loops and calls multiply the count, so without a limit it could have more digits than Python prints.
_HIGHEST_COUNT: Final = 10**12


class _Ends(Struct, frozen=True):
    """The minimum step counts at the exits of a function. None stands for an unreachable exit."""

    normal: int | None
    """The count at the normal exits of the function."""
    raising: int | None
    """The count at the `raise` statements of the function."""


class MinStepCounts(Struct):
    """The minimum step counts of a program, with a memo for functions."""

    program: Program
    awaited: frozenset[TaskId]
    """The tasks that must complete at some await."""
    functions: dict[int, _Ends] = field(default_factory=dict)
    """The counts of functions, by the `id` of the function."""

    @classmethod
    def of(cls, program: Program) -> MinStepCounts:
        """Return the counts of a program."""
        return cls(program, tasks_that_complete(program.body))

    def minimum(self) -> int:
        """Return the minimum number of `step.do` steps in each run. The engine counts neither sleeps nor event waits.

        The steps of a loop count once for each iteration if the number of iterations is constant. Otherwise, they count
        once if the loop runs at least once. The steps of a task count where the task starts, if every path awaits the
        task.
        """
        return self.block_count(self.program.body)

    def exceeding_place(self, limit: int) -> SourcePlace:
        """Return the location of the operation at which the minimum count exceeds a limit."""
        return self.find_excess(self.program.body, limit) or self.program.name_place

    def block_count(self, block: OperationBlock) -> int:
        """Return the minimum count of a block over all of its exits."""
        ends = self.ends(block)
        return min((count for count in (ends.normal, ends.raising) if count is not None), default=0)

    def ends(self, block: OperationBlock) -> _Ends:
        """Return the minimum counts at the exits of a block."""
        domain = _StepCount(self)
        exits = solve(block, 0, domain)
        raising = [count for count in (exits.raises, domain.raising) if count is not None]
        return _Ends(_normal_end(exits), min(raising, default=None))

    def function_ends(self, function: Function) -> _Ends:
        """Return the counts of a function. The steps of recursive calls do not count."""
        if id(function) not in self.functions:
            self.functions[id(function)] = _Ends(0, None)
            self.functions[id(function)] = self.ends(function.body)
        return self.functions[id(function)]

    def activity_count(self, activity: Activity) -> int:
        """Return the minimum count of an activity, including the step itself."""
        match activity:
            case StepRun(body=body):
                return 1 + (self.block_count(body) if body.operations else 0)
            case Call(function=function):
                ends = self.function_ends(function)
                return min((count for count in (ends.normal, ends.raising) if count is not None), default=0)
            case Sleep() | SleepUntil() | EventWait() | Series():
                return 0

    def find_excess(self, block: OperationBlock, limit: int) -> SourcePlace | None:
        """Return the location of the operation at which the minimum count of a block exceeds a limit, if any."""
        search = _LimitSearch(limit)
        solve(block, 0, _StepCount(self), search)
        operation = search.exceeding
        if isinstance(operation, Run | StartOperation) and isinstance(operation.activity, Call):
            inner_place = self.find_excess(operation.activity.function.body, limit - search.count_before)
            return inner_place or operation.place
        if isinstance(operation, LoopOperation) and operation.iterations is not None:
            return operation.iterations.place
        return None if operation is None else operation.place


def _normal_end(exits: Exits[int]) -> int | None:
    return min((count for count in (exits.end, exits.returns) if count is not None), default=None)


class _StepCount(Domain[int]):
    """The minimum number of steps on the paths to a program point."""

    def __init__(self, counts: MinStepCounts) -> None:
        self.counts = counts
        self.raising: int | None = None
        """The minimum count at the `raise` of a called function."""

    def transfer(self, operation: Leaf, state: int) -> int | None:
        match operation:
            case Run(activity=Call(function=function)):
                return self.after_call(self.counts.function_ends(function), state)
            case Run(activity=activity):
                return self.clamp(state + self.counts.activity_count(activity))
            case StartOperation(activity=activity, task_id=task_id) if task_id in self.counts.awaited:
                return self.clamp(state + self.counts.activity_count(activity))
            case _:
                return state

    def after_call(self, ends: _Ends, state: int) -> int | None:
        if ends.raising is not None:
            count = self.clamp(state + ends.raising)
            self.raising = count if self.raising is None else min(self.raising, count)
        return None if ends.normal is None else self.clamp(state + ends.normal)

    def clamp(self, count: int) -> int:
        return min(count, _HIGHEST_COUNT)

    def join(self, first: int, second: int) -> int:
        return min(first, second)

    def may_raise(self, operation: Leaf | TryOperation, before: int, after: int | None) -> int | None:
        """Return the count before an operation, plus one if the operation runs a step in place.

        A `try` that begins with a step raises only from its body.
        """
        if isinstance(operation, TryOperation):
            return None if _begins_with_step(operation.body) else before
        return before + _runs_step(operation)

    def after_iterations(self, loop: LoopOperation, head: int, end: int | None) -> int | None:
        passes = loop.min_iterations
        if not passes or end is None:
            return None if passes else head
        return self.clamp(head + (end - head) * passes)


def _begins_with_step(block: OperationBlock) -> bool:
    return bool(block.operations) and _runs_step(block.operations[0])


def _runs_step(operation: Operation) -> bool:
    return type(operation) is Run and type(operation.activity) is StepRun


class _LimitSearch(Observer[int]):
    """Search for the first operation at which the count exceeds a limit on all paths.

    Exits do not matter: if the minimum count of a program exceeds a limit, the count at each exit does, too.
    """

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.exceeding: Operation | None = None
        """The first such operation. It is reset if a later count is within the limit, because a path avoids it."""
        self.count_before = 0
        """The count before the operation."""
        self.open: list[tuple[OperationBlock, int]] = []
        """The enclosing blocks, innermost last, with the count before their current operation."""

    def enter(self, block: OperationBlock, state: int) -> None:
        self.open.append((block, state))

    def before(self, index: int, state: int) -> None:
        self.open[-1] = self.open[-1][0], state

    def after(self, index: int, state: int) -> None:
        if state <= self.limit:
            self.exceeding = None
        elif self.exceeding is None:
            block, self.count_before = self.open[-1]
            self.exceeding = block.operations[index]

    def leave(self) -> None:
        self.open.pop()


def tasks_that_complete(body: OperationBlock) -> frozenset[TaskId]:
    """Return the tasks that must complete at some await, on every path that starts them."""
    task_ids: set[TaskId] = set()
    visited: set[int] = set()
    blocks = [body]
    while blocks:
        for operation in blocks.pop().operations:
            blocks += child_blocks(operation)
            completed: Iterable[AwaitedTask] = ()
            if type(operation) is Run:
                completed = operation.completed_tasks
            elif type(operation) is Await:
                completed = tasks_done_after(operation.group)
            if completed:
                task_ids.update(awaited.task_id for awaited in completed if awaited.on_every_path)
            if type(operation) is not Run and type(operation) is not StartOperation:
                continue
            activity = operation.activity
            if type(activity) is Call and id(activity.function) not in visited:
                visited.add(id(activity.function))
                blocks.append(activity.function.body)
            elif type(activity) is StepRun:
                blocks.append(activity.body)
    return frozenset(task_ids)
