"""The steps and functions that each run of a workflow executes, unless an earlier exception or return ends it."""

from __future__ import annotations

from typing import assert_never

from msgspec import Struct, field

from stepgraph.checks.analysis.min_step_count import tasks_that_complete
from stepgraph.ir.await_groups import TaskId
from stepgraph.ir.nodes import (
    Activity,
    Await,
    Call,
    Choice,
    EventWait,
    Jump,
    JumpKind,
    LoopOperation,
    Operation,
    OperationBlock,
    PartialOrder,
    Pause,
    Run,
    Scope,
    Series,
    Sleep,
    SleepUntil,
    StartOperation,
    StepDefinition,
    StepRun,
    TryOperation,
    operations_in,
)
from stepgraph.ir.program import Program
from stepgraph.syntax.module import SourcePlace


class CertainWork(Struct, frozen=True):
    """The work that each run of a program executes. Work whose errors a handler may catch is omitted."""

    steps: frozenset[StepDefinition]
    functions: frozenset[SourcePlace]
    """The locations of `run` and of the functions with steps that it calls."""


def certain_work(program: Program) -> CertainWork:
    """Return the work that each run of a program executes."""
    walk = _Walk(tasks_that_complete(program.body), functions={program.run})
    walk.add_block(program.body)
    return CertainWork(frozenset(walk.steps), frozenset(walk.functions))


class _Walk(Struct):
    """A walk over the operations that are executed on every path."""

    awaited: frozenset[TaskId]
    functions: set[SourcePlace]
    steps: set[StepDefinition] = field(default_factory=set)
    visited: set[int] = field(default_factory=set)
    """The `id` of each visited block and step run."""

    def add_block(self, block: OperationBlock) -> bool:
        """Add the steps of a block. Return whether its end is always reached, apart from exceptions."""
        if id(block) in self.visited and block.operations:
            return True
        self.visited.add(id(block))
        return all(self._add_operation(operation) for operation in block.operations)

    def _add_operation(self, operation: Operation) -> bool:
        """Add the steps of an operation. Return whether the next operation always follows it."""
        match operation:
            case Run(activity=activity):
                self._add_activity(activity)
                return True
            case StartOperation(activity=activity, task_id=task_id):
                if task_id in self.awaited:
                    self._add_activity(activity)
                return True
            case Scope(block=block):
                return self.add_block(block)
            case TryOperation(handlers=()):
                reaches_end = self.add_block(operation.body)
                return self.add_block(operation.finalbody) and reaches_end
            case PartialOrder(members=members):
                return all(self.add_block(member) for member in members)
            case Jump():
                return False
            case Choice() | LoopOperation() | TryOperation():
                return not any(_ends_run(inner) for inner in operations_in(OperationBlock((operation,))))
            case Await() | Pause():
                return True
            case _ as never:
                assert_never(never)

    def _add_activity(self, activity: Activity) -> None:
        match activity:
            case StepRun():
                self._add_steps(activity)
            case Call(function=function):
                self.functions.add(function.place)
                self.add_block(function.body)
            case Series(block=block):
                self.add_block(block)
            case Sleep() | SleepUntil() | EventWait():
                pass
            case _ as never:
                assert_never(never)

    def _add_steps(self, run: StepRun) -> None:
        """Add a step and the steps that it depends on."""
        pending = [run]
        while pending:
            current = pending.pop()
            if id(current) not in self.visited:
                self.visited.add(id(current))
                self.steps.add(current.definition)
                pending += (each for each in current.dependencies if isinstance(each, StepRun))


def _ends_run(operation: Operation) -> bool:
    return isinstance(operation, Jump) and operation.kind is JumpKind.RETURN
