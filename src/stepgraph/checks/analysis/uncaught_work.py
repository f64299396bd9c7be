"""Work outside of steps whose errors end the instance, and that runs whatever the current time is."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator

from msgspec import Struct, field

from stepgraph.checks.analysis.tries import stops_errors
from stepgraph.ir.await_groups import AwaitedTask, TaskId, awaited_tasks_of, is_race
from stepgraph.ir.exceptions import ExceptionType
from stepgraph.ir.handlers import may_catch
from stepgraph.ir.nodes import (
    Await,
    Call,
    Choice,
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
from stepgraph.syntax.module import SourcePlace


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
