"""`try` around steps: which errors of a step a handler can catch."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from msgspec import Struct, field

from stepgraph.limits import Budget, Limit
from stepgraph.program.ir import (
    Block,
    Call,
    Exit,
    ExitKind,
    Function,
    Handler,
    Join,
    Operation,
    Protected,
    Run,
    Start,
    blocks_of,
)
from stepgraph.program.reach import reached

# Where the classes of errors of JavaScript come from.
JAVASCRIPT: Final = ("js.", "pyodide.", "_pyodide.")


def tries_of(body: Block) -> Iterator[Protected]:
    """Yield each `try` of a program that is outside of steps."""
    for met in reached(body):
        if met.in_step is None and isinstance(met.operation, Protected):
            yield met.operation


def runs_steps(tried: Protected) -> bool:
    """Whether anything of the engine is run, started or awaited in the body of a `try`."""
    return any(isinstance(met.operation, Run | Start | Join) for met in reached(tried.body))


def catches_javascript(handler: Handler) -> bool:
    """Whether a handler names the errors that come from JavaScript."""
    return any(caught.name.startswith(JAVASCRIPT) for caught in handler.types)


def raises(block: Block) -> bool:
    """Whether a block may raise an error, its own or the one that it handles."""
    return any(
        (isinstance(operation, Exit) and operation.kind is ExitKind.RAISE) or any(map(raises, blocks_of(operation)))
        for operation in block.operations
    )


def heard_from(body: Block, budget: Budget) -> Iterator[Run | Start]:
    """Yield what is run or started in a block and whose errors leave it: not what another `try` in it is around.

    What is read counts against the `budget`.
    """
    yield from _Errors(budget).block(body)


class _Errors(Struct):
    budget: Budget
    entered: set[Function] = field(default_factory=set)

    def block(self, block: Block) -> Iterator[Run | Start]:
        self.budget.spend(Limit.PAIRS, len(block.operations))
        for operation in block.operations:
            yield from self.operation(operation)

    def operation(self, operation: Operation) -> Iterator[Run | Start]:
        if isinstance(operation, Run | Start):
            yield operation
            if isinstance(operation.activity, Call) and operation.activity.function not in self.entered:
                self.entered.add(operation.activity.function)
                yield from self.block(operation.activity.function.body)
            return
        inner = blocks_of(operation)
        if isinstance(operation, Protected) and operation.catches:
            next(inner)
        for block in inner:
            yield from self.block(block)
