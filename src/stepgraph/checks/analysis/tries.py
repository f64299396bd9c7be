"""`try` statements around steps, and the step errors that reach their handlers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from stepgraph.checks.subject import WorkflowSubject, once_per_subject
from stepgraph.ir.dataflow import reachable_exits, solve
from stepgraph.ir.domain import Domain, Leaf
from stepgraph.ir.exceptions import ExceptionType
from stepgraph.ir.nodes import Await, Call, Function, Handler, OperationBlock, Run, StartOperation, TryOperation
from stepgraph.ir.walk import walk_operations
from stepgraph.limits import Budget

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

    def join(self, a: int, b: int) -> int:
        return a | b

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
