"""Control dependence of steps: the choices and loops that decide whether a step runs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from itertools import accumulate
from operator import or_

from msgspec import Struct
from msgspec.structs import replace

from stepgraph.ir.dataflow import reachable_exits
from stepgraph.ir.facts import NondeterministicCondition
from stepgraph.ir.nodes import Block, Call, Choice, Function, Loop, Operation, Run, Start, child_blocks, may_run_steps
from stepgraph.ir.program import Program
from stepgraph.syntax.module import Place


class _StepsAfter(Struct, frozen=True):
    """The exits that skip steps."""

    function: bool = False
    """Whether steps follow that an exit from the function skips."""
    loop: bool = False
    """Whether steps follow that an exit from the innermost loop, or from a pass of it, skips."""


class _Decision(Struct, frozen=True):
    """A choice or loop, and whether steps depend on it."""

    operation: Choice | Loop
    decides: tuple[bool, ...]
    """Whether steps depend on a test, by the index of the first branch that the test decides. A loop has one test."""

    def decides_from(self, first_branch: int) -> bool:
        """Whether steps depend on a test whose first branch is this one."""
        first = first_branch if isinstance(self.operation, Choice) else 0
        return any(self.decides[first : first + 1])


def deciding_tests(program: Program, tests: Iterator[NondeterministicCondition]) -> Iterator[NondeterministicCondition]:
    """Yield the tests on which steps of a program are control dependent."""
    candidates = list(tests)
    if not candidates:
        return
    decisions: dict[Place, list[_Decision]] = {}
    tested_places = {test.controlled_statement for test in candidates}
    for decision in _decisions(program.body, _StepsAfter(), tested_places, set()):
        decisions.setdefault(decision.operation.place, []).append(decision)
    for test in candidates:
        if any(decision.decides_from(test.first_branch) for decision in decisions.get(test.controlled_statement, ())):
            yield test


def _decisions(
    block: Block, after: _StepsAfter, tested_places: AbstractSet[Place], visited: set[int]
) -> Iterator[_Decision]:
    for operation, work_follows in zip(block.operations, _followed_by_work(block.operations), strict=True):
        here = _StepsAfter(after.function or work_follows, after.loop or work_follows)
        if isinstance(operation, Loop):
            loops_to_work = may_run_steps(operation.body)
            if operation.place in tested_places:
                yield _Decision(operation, _deciding_blocks([operation.body], replace(here, loop=False)))
            here = replace(here, function=here.function or loops_to_work, loop=loops_to_work)
        elif isinstance(operation, Choice) and operation.place in tested_places:
            yield _Decision(operation, _deciding_blocks([branch.block for branch in operation.branches], here))
        for inner in child_blocks(operation):
            yield from _decisions(inner, here, tested_places, visited)
        function = _called_function(operation)
        if function is not None and id(function) not in visited:
            visited.add(id(function))
            yield from _decisions(function.body, _StepsAfter(), tested_places, visited)


def _followed_by_work(operations: Sequence[Operation]) -> list[bool]:
    """Return for each operation whether work follows it."""
    reversed_flags: list[bool] = []
    works_after = False
    for operation in reversed(operations):
        reversed_flags.append(works_after)
        works_after = works_after or may_run_steps(Block((operation,)))
    return reversed_flags[::-1]


def _called_function(operation: Operation) -> Function | None:
    match operation:
        case Run(activity=Call(function=function)) | Start(activity=Call(function=function)):
            return function
        case _:
            return None


def _deciding_blocks(blocks: Sequence[Block], after: _StepsAfter) -> tuple[bool, ...]:
    """Return for each block whether it, or a block after it, has steps or an exit that skips steps."""
    reversed_flags = accumulate((may_run_steps(block) or _skips_steps(block, after) for block in reversed(blocks)), or_)
    return tuple(reversed_flags)[::-1]


def _skips_steps(block: Block, after: _StepsAfter) -> bool:
    """Whether a block has an exit that skips steps."""
    if not (after.function or after.loop):
        return False
    exits = reachable_exits(block)
    leaves_function = exits.returns is not None or exits.raises is not None
    leaves_loop = exits.breaks is not None or exits.continues is not None
    return (after.function and leaves_function) or (after.loop and leaves_loop)
