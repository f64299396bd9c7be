"""The minimum number of steps that each run of a program executes if no step fails."""

from __future__ import annotations

from typing import Final

from msgspec import Struct, field

from stepgraph.ir.dataflow import solve
from stepgraph.ir.domain import Domain, Exits, Leaf, Observer
from stepgraph.ir.jump_targets import JumpTarget
from stepgraph.ir.nodes import (
    Activity,
    Await,
    Block,
    Call,
    Function,
    Jump,
    Loop,
    Operation,
    Run,
    Start,
    StepRun,
    TaskId,
    Try,
    child_blocks,
    tasks_done_after,
)
from stepgraph.ir.program import Program
from stepgraph.syntax.module import Place

# Loops and calls multiply: an unlimited count could have more digits than Python prints.
_HIGHEST_COUNT: Final = 10**12


def min_step_count(program: Program) -> int:
    """Return how many steps each run executes at least, those of `step.do` alone: the engine counts no others.

    A loop counts by its number of passes if that is known, and a task where it is started, if it is awaited.
    """
    return _Counts(_awaited(program.body)).of_block(program.body)


def where_exceeded(program: Program, limit: int) -> Place:
    """Return the loop or step with which a program executes more steps than a limit."""
    return _Counts(_awaited(program.body)).where_exceeded(program.body, limit) or program.name_place


class _Ends(Struct, frozen=True):
    """The minimum step counts of a function, None where it does not end so."""

    normal: int | None
    """At its normal ends."""
    raising: int | None
    """Where it is left by a `raise`."""


class _Counts(Struct):
    """The counts of a program."""

    awaited: frozenset[TaskId]
    """The tasks that are surely over at some await."""
    functions: dict[int, _Ends] = field(default_factory=dict)
    """The counts of functions, by `id`."""

    def of_block(self, block: Block) -> int:
        """Return how many steps a block executes at least, however it is left."""
        ends = self.ends(block)
        return min((count for count in (ends.normal, ends.raising) if count is not None), default=0)

    def ends(self, block: Block) -> _Ends:
        domain = _StepCount(self)
        exits = solve(block, 0, domain)
        raising = [count for count in (exits.raises, domain.raising) if count is not None]
        return _Ends(_normal_end(exits), min(raising, default=None))

    def of_function(self, function: Function) -> _Ends:
        """Return the counts of a function; a recursive call counts nothing."""
        if id(function) not in self.functions:
            self.functions[id(function)] = _Ends(0, None)
            self.functions[id(function)] = self.ends(function.body)
        return self.functions[id(function)]

    def of_task(self, activity: Activity) -> int:
        """Return how many steps a task or a step executes at least, itself included."""
        match activity:
            case StepRun(body=body):
                return 1 + (self.of_block(body) if body.operations else 0)
            case Call(function=function):
                ends = self.of_function(function)
                return min((count for count in (ends.normal, ends.raising) if count is not None), default=0)
            case _:
                return 0

    def where_exceeded(self, block: Block, limit: int) -> Place | None:
        """Return the operation with which a block executes more steps than a limit."""
        search = _Search(limit)
        solve(block, 0, _StepCount(self), search)
        operation = search.found
        if isinstance(operation, Run | Start) and isinstance(operation.activity, Call):
            inside = self.where_exceeded(operation.activity.function.body, limit - search.count_before)
            return inside or operation.place
        if isinstance(operation, Loop) and operation.iterations is not None:
            return operation.iterations.place
        return None if operation is None else operation.place


def _normal_end(exits: Exits[int]) -> int | None:
    return min((count for count in (exits.end, exits.returns) if count is not None), default=None)


class _StepCount(Domain[int]):
    """The minimum number of steps on the paths to a point."""

    def __init__(self, counts: _Counts) -> None:
        self.counts = counts
        self.raising: int | None = None
        """The count where a called function raises."""

    def transfer(self, operation: Leaf, state: int) -> int | None:
        match operation:
            case Run(activity=Call(function=function)):
                return self.called(self.counts.of_function(function), state)
            case Run(activity=activity):
                return self.limited(state + self.counts.of_task(activity))
            case Start(activity=activity, task_id=task_id) if task_id in self.counts.awaited:
                return self.limited(state + self.counts.of_task(activity))
            case _:
                return state

    def called(self, ends: _Ends, state: int) -> int | None:
        if ends.raising is not None:
            count = self.limited(state + ends.raising)
            self.raising = count if self.raising is None else min(self.raising, count)
        return None if ends.normal is None else self.limited(state + ends.normal)

    def limited(self, count: int) -> int:
        return min(count, _HIGHEST_COUNT)

    def join(self, one: int, other: int) -> int:
        return min(one, other)

    def may_raise(self, operation: Leaf | Try, before: int, after: int | None) -> int | None:  # noqa: ARG002
        """Anything may raise before its steps begin, but a step counts that begins a `try`, or is run in place."""
        if isinstance(operation, Try):
            return None if _begins_with_step(operation.body) else before
        return before + _runs_step(operation)

    def after_iterations(self, loop: Loop, head: int, end: int | None) -> int | None:
        passes = int(loop.at_least_once) if loop.iterations is None else loop.iterations.count
        if not passes or end is None:
            return None if passes else head
        return self.limited(head + (end - head) * passes)


def _begins_with_step(block: Block) -> bool:
    return bool(block.operations) and _runs_step(block.operations[0])


def _runs_step(operation: Operation) -> bool:
    return isinstance(operation, Run) and isinstance(operation.activity, StepRun)


class _Search(Observer[int]):
    """Finds the first operation after which the count exceeds a limit on all paths: others are passed after it."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.found: Operation | None = None
        self.count_before = 0
        self.open: list[tuple[Block, int]] = []
        """The open blocks, innermost last, with the count before their present operation."""

    def enter(self, block: Block, state: int) -> None:
        self.open.append((block, state))

    def before(self, index: int, state: int) -> None:  # noqa: ARG002
        self.open[-1] = self.open[-1][0], state

    def after(self, index: int, state: int) -> None:
        if state <= self.limit:
            self.found = None
        elif self.found is None:
            block, self.count_before = self.open[-1]
            self.found = block.operations[index]

    def leave(self) -> None:
        self.open.pop()

    def exit(self, source: Jump | JumpTarget[int], state: int, target: JumpTarget[int]) -> None:
        """Exits decide nothing here: where the count of a program exceeds a limit, that of each exit does."""


def _awaited(body: Block) -> frozenset[TaskId]:
    """Return the tasks of a program that are over at some await, on each path on which they were started."""
    found: set[TaskId] = set()
    visited: set[int] = set()
    blocks = [body]
    while blocks:
        for operation in blocks.pop().operations:
            blocks += child_blocks(operation)
            if isinstance(operation, Await):
                found |= {awaited.task_id for awaited in tasks_done_after(operation.group) if awaited.on_every_path}
            if not isinstance(operation, Run | Start):
                continue
            if isinstance(operation, Run):
                found |= {awaited.task_id for awaited in operation.completed_tasks if awaited.on_every_path}
            activity = operation.activity
            if isinstance(activity, Call) and id(activity.function) not in visited:
                visited.add(id(activity.function))
                blocks.append(activity.function.body)
            elif isinstance(activity, StepRun):
                blocks.append(activity.body)
    return frozenset(found)
