"""The functions and loops that a program runs, as a whole and in the passes of a loop."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from msgspec import Struct, field

from stepgraph.ir.nodes import (
    Activity,
    Call,
    Dependency,
    LoopOperation,
    OperationBlock,
    Run,
    Scope,
    StartOperation,
    StepDefinition,
    StepRun,
    child_blocks,
)
from stepgraph.ir.walk import parts_of_activity
from stepgraph.limits import Budget, Limit
from stepgraph.syntax.module import SourcePlace


class Work(Struct, frozen=True):
    """The work of a part of a program, by `id` of the nodes."""

    functions: frozenset[int]
    """The functions of the steps that run, and the functions and lambdas that are called."""
    loops: frozenset[int]
    """The loops, including those over the elements of a collection that code without a loop consumes.

    The node of such a loop is the expression that created the elements.
    """


class LoopPasses(Struct):
    """The work of a program and of the passes of its loops."""

    functions: Mapping[StepDefinition, SourcePlace]
    """The function of each step."""
    lambdas: Mapping[int, SourcePlace]
    """The lambda that contains a call, by `id` of the call. The IR does not represent lambdas themselves."""
    budget: Budget = field(default_factory=Budget)
    """The budget to which the analysis charges each visited operation."""
    _passes: dict[int, dict[int, OperationBlock]] = field(default_factory=dict)
    """The blocks of the passes of each loop of interest, by `id` of the loop's node and of the block."""
    _results: dict[tuple[int, bool], Work] = field(default_factory=dict)

    def find(self, body: OperationBlock, loops: Iterable[SourcePlace]) -> Work:
        """Find the passes of some loops in a program, and return the work of the whole program."""
        self._passes |= {id(loop.node): {} for loop in loops}
        return self._work_of([body], in_tasks=True)

    def work_in(self, loop: SourcePlace, *, in_tasks: bool) -> Work:
        """Return the work in the passes of a loop. With `in_tasks`, the work of tasks that it starts counts, too."""
        key = (id(loop.node), in_tasks)
        if key not in self._results:
            self._results[key] = self._work_of(self._passes[key[0]].values(), in_tasks=in_tasks)
        return self._results[key]

    def _work_of(self, blocks: Iterable[OperationBlock], *, in_tasks: bool) -> Work:
        functions: set[int] = set()
        loops: set[int] = set()
        visited: set[int] = set()
        pending: list[OperationBlock | Activity | Dependency] = list(blocks)
        while pending:
            node = pending.pop()
            if isinstance(node, OperationBlock):
                self.budget.spend(Limit.PAIRS, len(node.operations))
                for operation in node.operations:
                    if isinstance(operation, LoopOperation | Scope):
                        loops.add(id(operation.place.node))
                        self._add_pass(operation)
                    pending += child_blocks(operation)
                    if isinstance(operation, Run) or (in_tasks and isinstance(operation, StartOperation)):
                        pending.append(operation.activity)
                        functions.update(self._lambda_around(operation.place))
            elif id(node) not in visited:
                visited.add(id(node))
                function = self._function_of(node)
                if function is not None:
                    functions.add(id(function.node))
                pending += parts_of_activity(node)
        return Work(frozenset(functions), frozenset(loops))

    def _add_pass(self, operation: LoopOperation | Scope) -> None:
        blocks = self._passes.get(id(operation.place.node))
        if blocks is not None:
            block = operation.body if isinstance(operation, LoopOperation) else operation.block
            blocks[id(block)] = block

    def _lambda_around(self, call: SourcePlace) -> Iterator[int]:
        function = self.lambdas.get(id(call.node))
        if function is not None:
            yield id(function.node)

    def _function_of(self, activity: Activity | Dependency) -> SourcePlace | None:
        if isinstance(activity, StepRun):
            return self.functions.get(activity.definition)
        return activity.function.place if isinstance(activity, Call) else None
