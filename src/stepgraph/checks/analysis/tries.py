"""`try` statements around steps: the errors of steps that reach a handler."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from stepgraph.ir.dataflow import reachable_exits, solve
from stepgraph.ir.domain import Domain, Leaf
from stepgraph.ir.nodes import Await, Block, Call, Function, Handler, Run, Start, Try
from stepgraph.ir.walk import walk_operations
from stepgraph.limits import Budget

# Where the classes of errors of JavaScript come from.
JAVASCRIPT: Final = ("js.", "pyodide.", "_pyodide.")


def tries_of(body: Block) -> Iterator[Try]:
    """Yield each `try` of a program that is outside of steps."""
    for met in walk_operations(body):
        if met.in_step is None and isinstance(met.operation, Try):
            yield met.operation


def runs_steps(tried: Try) -> bool:
    """Whether anything of the engine is run, started or awaited in the body of a `try`."""
    return any(isinstance(met.operation, Run | Start | Await) for met in walk_operations(tried.body))


def catches_javascript(handler: Handler) -> bool:
    """Whether a handler names the errors that come from JavaScript."""
    return any(caught.name.startswith(JAVASCRIPT) for caught in handler.types)


def raises(block: Block) -> bool:
    """Whether a block may be left by a `raise`, of an error of its own or of the one that it handles."""
    return reachable_exits(block).raises is not None


def failing_work(body: Block, budget: Budget) -> Iterator[Run | Start]:
    """Yield the work that a block runs or starts and whose errors leave it, without that in a `try` with handlers.

    Each operation counts against the `budget`.
    """
    domain = _FailedWork(budget)
    failed = domain.failed_in(body)
    yield from (work for number, work in enumerate(domain.work) if failed >> number & 1)


class _FailedWork(Domain[int]):
    """The work whose errors are on their way, as a bit set of its numbers: none on the paths that go on."""

    def __init__(self, budget: Budget) -> None:
        self.budget = budget
        self.work: list[Run | Start] = []
        """What is run or started, by its number."""
        self.numbers: dict[int, int] = {}
        """The numbers, by `id`."""
        self.functions: dict[Function, int] = {}
        """The work whose errors leave a function."""

    def failed_in(self, body: Block) -> int:
        return solve(body, 0, self, budget=self.budget).failed or 0

    def transfer(self, operation: Leaf, state: int) -> int:
        del operation, state
        return 0

    def join(self, one: int, other: int) -> int:
        return one | other

    def may_raise(self, operation: Leaf | Try, before: int, after: int | None) -> int:
        del before, after
        if not isinstance(operation, Run | Start):
            return 0
        if id(operation) not in self.numbers:
            self.numbers[id(operation)] = len(self.work)
            self.work.append(operation)
        failed = 1 << self.numbers[id(operation)]
        return failed | self.called(operation.activity.function) if isinstance(operation.activity, Call) else failed

    def called(self, function: Function) -> int:
        if function not in self.functions:
            self.functions[function] = 0
            self.functions[function] = self.failed_in(function.body)
        return self.functions[function]

    def leave_try(self, try_: Try, before: int, end: int | None, raised: int | None) -> int | None:
        del before, end
        return 0 if try_.catches else raised
