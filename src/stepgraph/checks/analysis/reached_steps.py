"""Which of the declared steps run: what is wrong with others shows nowhere."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from msgspec import Struct, field

from stepgraph.ir.nodes import Call, Run, Start, StepChoice, StepRun, child_blocks

if TYPE_CHECKING:
    from stepgraph.ir.nodes import Activity, Block, Dependency, StepDefinition
from stepgraph.ir.program import Program


class ReachedSteps(Struct, frozen=True):
    """The steps that are called, or needed by such, and those of them that are so where they are awaited in place."""

    all: frozenset[StepDefinition]
    in_place: frozenset[StepDefinition]


def reached_steps(program: Program) -> ReachedSteps:
    """Return the steps that a program may run."""
    walk = _Walk()
    walk.read(program.body)
    return ReachedSteps(frozenset(walk.found), frozenset(walk.in_place))


class _Walk(Struct):
    """A walk over all that is reached from a block, each block and each run of a step once."""

    found: set[StepDefinition] = field(default_factory=set)
    in_place: set[StepDefinition] = field(default_factory=set)
    seen: set[tuple[int, bool]] = field(default_factory=set)

    def read(self, body: Block) -> None:
        left = [body]
        while left:
            block = left.pop()
            if self._is_new(block, in_place=False):
                for operation in block.operations:
                    left += child_blocks(operation)
                    if isinstance(operation, Run | Start):
                        left += self._activity(operation.activity, in_place=isinstance(operation, Run))

    def _activity(self, activity: Activity, *, in_place: bool) -> Iterator[Block]:
        match activity:
            case StepRun():
                yield from self._dependency(activity, in_place=in_place)
            case Call(function=function):
                yield function.body

    def _dependency(self, needed: Dependency, *, in_place: bool) -> Iterator[Block]:
        left = [needed]
        while left:
            one = left.pop()
            if not self._is_new(one, in_place=in_place):
                continue
            if isinstance(one, StepChoice):
                left += (option.dependency for option in one.cases)
                continue
            self.found.add(one.definition)
            if in_place:
                self.in_place.add(one.definition)
            left += one.dependencies
            yield one.body

    def _is_new(self, one: object, *, in_place: bool) -> bool:
        key = (id(one), in_place)
        if key in self.seen:
            return False
        self.seen.add(key)
        return True
