"""`try` statements around steps, and the step errors that reach their handlers."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Final

from msgspec import Struct, field

from stepgraph.checks.subject import WorkflowSubject, once_per_subject
from stepgraph.ir.await_groups import AwaitedTask, TaskId, awaited_tasks_of, is_race
from stepgraph.ir.dataflow import Domain, Leaf, reachable_exits, solve
from stepgraph.ir.exceptions import ExceptionType, may_catch
from stepgraph.ir.nodes import (
    Await,
    Call,
    Choice,
    Function,
    Handler,
    Jump,
    LoopOperation,
    Operation,
    OperationBlock,
    Run,
    Scope,
    StartOperation,
    TryOperation,
    child_blocks,
    operations_in,
)
from stepgraph.ir.walk import walk_operations
from stepgraph.limits import Budget
from stepgraph.syntax.module import SourcePlace

JAVASCRIPT: Final = ("js.", "pyodide.", "_pyodide.")
"""The module prefixes of the exception classes of JavaScript errors."""


@once_per_subject
def find_tries(subject: WorkflowSubject) -> Sequence[TryOperation]:
    """Return each `try` that a workflow may execute outside of steps."""
    outside = (visit.operation for visit in subject.program.operations if visit.in_step is None)
    return [operation for operation in outside if isinstance(operation, TryOperation)]


def runs_steps(try_: TryOperation) -> bool:
    """Return whether the body of a `try` may run, start or await steps, sleeps, event waits or functions with them."""
    return any(
        isinstance(reachable.operation, Run | StartOperation | Await) for reachable in walk_operations(try_.body)
    )


def handler_text(try_: TryOperation, handler: Handler, types: str | None) -> str:
    """Return the source of a handler for exception types: `except KeyError`, or `suppress(KeyError)` in a `with`."""
    if handler.place is None:
        return f"suppress{types}" if types is not None and types.startswith("(") else f"suppress({types or ''})"
    keyword = "except*" if try_.except_star else "except"
    return keyword if types is None else f"{keyword} {types}"


def catches_javascript(handler: Handler) -> bool:
    """Return whether a handler names an exception class of JavaScript errors."""
    return any(map(is_javascript, handler.types))


def is_javascript(caught: ExceptionType) -> bool:
    """Return whether an exception type is a class of JavaScript errors."""
    return caught.name.startswith(JAVASCRIPT)


def may_reraise(block: OperationBlock) -> bool:
    """Return whether a block may exit by a `raise`, with a new exception or the handled one."""
    return reachable_exits(block).raises is not None


def stops_errors(handler: Handler) -> bool:
    """Return whether the program may continue after a handler. If not, every path through it raises."""
    exits = reachable_exits(handler.block)
    return any(state is not None for state in (exits.end, exits.returns, exits.breaks, exits.continues))


def propagating_work(body: OperationBlock, budget: Budget) -> Iterator[Run | StartOperation]:
    """Yield the work whose errors propagate out of a block.

    Errors in the body of a `try` with handlers do not propagate. Each operation is charged to the budget.
    """
    domain = _FailedWork(budget)
    failed = domain.failed_in(body)
    yield from (work for number, work in enumerate(domain.work) if failed >> number & 1)


class _FailedWork(Domain[int]):
    """The work whose errors propagate, as a bit set of work numbers. Normal paths carry the empty set."""

    def __init__(self, budget: Budget) -> None:
        self.budget = budget
        self.work: list[Run | StartOperation] = []
        """The work, by number."""
        self.numbers: dict[int, int] = {}
        """The work numbers, by the `id` of the operation."""
        self.functions: dict[Function, int] = {}
        """The work whose errors propagate out of each function."""

    def failed_in(self, body: OperationBlock) -> int:
        return solve(body, 0, self, budget=self.budget).failed or 0

    def transfer(self, operation: Leaf, state: int) -> int:
        del operation, state
        return 0

    def join(self, first: int, second: int) -> int:
        return first | second

    def may_raise(self, operation: Leaf | TryOperation, before: int, after: int | None) -> int:
        del before, after
        if not isinstance(operation, Run | StartOperation):
            return 0
        if id(operation) not in self.numbers:
            self.numbers[id(operation)] = len(self.work)
            self.work.append(operation)
        failed = 1 << self.numbers[id(operation)]
        return (
            failed | self.failed_in_function(operation.activity.function)
            if isinstance(operation.activity, Call)
            else failed
        )

    def failed_in_function(self, function: Function) -> int:
        if function not in self.functions:
            self.functions[function] = 0
            self.functions[function] = self.failed_in(function.body)
        return self.functions[function]

    def leave_try(
        self, try_: TryOperation, before: int, end: int | None, raised: int | None
    ) -> tuple[int | None, int | None]:
        del before
        return end, 0 if try_.catches else raised


def uncaught_work(body: OperationBlock, changing_tests: Collection[SourcePlace]) -> Iterator[Run | StartOperation]:
    """Yield the operations of a program that run activities, except calls, whose errors leave `run`.

    `changing_tests` are the locations of conditionals and loops whose outcome changes at replay. Operations that depend
    on them are omitted, because the test may guard them. So are operations under a handler that does not raise again.
    """
    return _UncaughtWalk(changing_tests).walk(body)


class _UncaughtWalk(Struct):
    """A walk over the blocks whose errors leave `run`, each visited once."""

    changing_tests: Collection[SourcePlace]
    pending: list[OperationBlock] = field(default_factory=list)
    """The blocks to visit."""
    visited: set[int] = field(default_factory=set)
    """The `id` of each visited function."""
    started: dict[TaskId, StartOperation] = field(default_factory=dict)
    awaited: set[TaskId] = field(default_factory=set)
    """The tasks whose errors an await raises."""

    def walk(self, body: OperationBlock) -> Iterator[Run | StartOperation]:
        self.pending.append(body)
        while self.pending:
            for operation in self.pending.pop().operations:
                yield from self._visit(operation)
                if self._may_guard(operation) and _may_jump(operation):
                    break  # the time decides whether the rest of the block runs

    def _may_guard(self, operation: Operation) -> bool:
        return isinstance(operation, Choice | LoopOperation) and operation.place in self.changing_tests

    def _visit(self, operation: Operation) -> Iterator[Run | StartOperation]:
        match operation:
            case Run(completed_tasks=completed):
                yield from self._await(completed)
                yield from self._run(operation)
            case StartOperation(task_id=task_id):
                self.started[task_id] = operation
                if task_id in self.awaited:
                    yield from self._run(operation)
            case Await(group=group) if not group.hides_errors and not is_race(group):
                yield from self._await(awaited_tasks_of(group))
            case TryOperation():
                self.pending += _uncaught_blocks(operation)
            case _ if not self._may_guard(operation):
                self.pending += child_blocks(operation)

    def _await(self, tasks: Iterable[AwaitedTask]) -> Iterator[Run | StartOperation]:
        for task in tasks:
            start = None if task.task_id in self.awaited else self.started.get(task.task_id)
            self.awaited.add(task.task_id)
            if start is not None:
                yield from self._run(start)

    def _run(self, operation: Run | StartOperation) -> Iterator[Run | StartOperation]:
        if not isinstance(operation.activity, Call):
            yield operation
        elif id(operation.activity.function) not in self.visited:
            self.visited.add(id(operation.activity.function))
            self.pending.append(operation.activity.function.body)


def _may_jump(operation: Operation) -> bool:
    return any(isinstance(inner, Jump) for inner in operations_in(OperationBlock((operation,))))


def _uncaught_blocks(try_: TryOperation) -> Iterator[OperationBlock]:
    """Yield the blocks of a `try` whose errors leave it: all but the body if a handler stops errors of the engine."""
    engine_error = ExceptionType("pyodide.ffi.JsException", ("builtins.Exception",), try_.place, None)
    if not any(may_catch([handler], engine_error) and stops_errors(handler) for handler in try_.handlers):
        yield try_.body
    else:
        yield from (scope.block for scope in try_.body.operations if isinstance(scope, Scope) and scope.is_try_else)
    for handler in try_.handlers:
        yield handler.block
    yield try_.finalbody
