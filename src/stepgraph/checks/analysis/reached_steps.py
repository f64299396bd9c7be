"""Reachability of declared steps. An unreachable step cannot fail."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from msgspec import Struct, field

from stepgraph.ir.nodes import Call, Run, Start, StepChoice, StepRun, child_blocks

if TYPE_CHECKING:
    from stepgraph.ir.nodes import Activity, Block, Dependency, StepDefinition
from stepgraph.ir.program import Program


class ReachableSteps(Struct, frozen=True):
    """The steps that a program may run."""

    all: frozenset[StepDefinition]
    """The steps that are called, and their dependencies."""
    in_place: frozenset[StepDefinition]
    """The steps that are awaited directly at a call, and their dependencies."""


def find_reachable_steps(program: Program) -> ReachableSteps:
    """Return the steps that a program may run."""
    walk = _ReachabilityWalk()
    walk.visit(program.body)
    return ReachableSteps(frozenset(walk.steps), frozenset(walk.in_place))


class _ReachabilityWalk(Struct):
    """A walk over the blocks and step runs that are reachable from a block, each visited once."""

    steps: set[StepDefinition] = field(default_factory=set)
    in_place: set[StepDefinition] = field(default_factory=set)
    visited: set[tuple[int, bool]] = field(default_factory=set)
    """The `id` of each visited block or dependency, and whether it runs in place."""

    def visit(self, body: Block) -> None:
        pending = [body]
        while pending:
            block = pending.pop()
            if self._is_new(block, in_place=False):
                for operation in block.operations:
                    pending += child_blocks(operation)
                    if isinstance(operation, Run | Start):
                        pending += self._activity(operation.activity, in_place=isinstance(operation, Run))

    def _activity(self, activity: Activity, *, in_place: bool) -> Iterator[Block]:
        match activity:
            case StepRun():
                yield from self._dependency(activity, in_place=in_place)
            case Call(function=function):
                yield function.body

    def _dependency(self, dependency: Dependency, *, in_place: bool) -> Iterator[Block]:
        pending = [dependency]
        while pending:
            current = pending.pop()
            if not self._is_new(current, in_place=in_place):
                continue
            if isinstance(current, StepChoice):
                pending += (case.dependency for case in current.cases)
                continue
            self.steps.add(current.definition)
            if in_place:
                self.in_place.add(current.definition)
            pending += current.dependencies
            yield current.body

    def _is_new(self, node: object, *, in_place: bool) -> bool:
        key = (id(node), in_place)
        if key in self.visited:
            return False
        self.visited.add(key)
        return True
