"""Which choices and loops steer steps: have steps in them, or leave without running some that follow."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from itertools import accumulate
from operator import or_

from msgspec import Struct
from msgspec.structs import replace

from stepgraph.program.facts import Steered
from stepgraph.program.ir import (
    Block,
    Call,
    Choice,
    Exit,
    ExitKind,
    Function,
    Loop,
    Operation,
    Program,
    Run,
    Start,
    blocks_of,
    works,
)
from stepgraph.syntax.module import Place


class _After(Struct, frozen=True):
    """Whether steps are left out by what leaves the function, or the innermost loop."""

    function: bool = False
    loop: bool = False


class _Standing(Struct, frozen=True):
    """A choice or loop. A test `steers` steps if one of its branches, from that of the test on, has or leaves out some.

    Of a loop, that is its body.
    """

    operation: Choice | Loop
    steers: tuple[bool, ...]

    def steers_from(self, first_branch: int) -> bool:
        """Whether a test steers steps whose first branch is this one."""
        first = first_branch if isinstance(self.operation, Choice) else 0
        return any(self.steers[first : first + 1])


def steering(program: Program, tests: Iterator[Steered]) -> Iterator[Steered]:
    """Yield those of the tests that decide which steps of a program run."""
    found = list(tests)
    if not found:
        return
    standing: dict[Place, list[_Standing]] = {}
    tested = {test.steered for test in found}
    for one in _standing(program.body, _After(), tested, set()):
        standing.setdefault(one.operation.place, []).append(one)
    for test in found:
        if any(one.steers_from(test.first_branch) for one in standing.get(test.steered, ())):
            yield test


def _standing(block: Block, after: _After, tested: AbstractSet[Place], read: set[int]) -> Iterator[_Standing]:
    for operation, follows in zip(block.operations, _followed_by_work(block.operations), strict=True):
        here = _After(after.function or follows, after.loop or follows)
        if isinstance(operation, Loop):
            again = works(operation.body)
            if operation.place in tested:
                yield _Standing(operation, _steers([operation.body], replace(here, loop=False)))
            here = replace(here, function=here.function or again, loop=again)
        elif isinstance(operation, Choice) and operation.place in tested:
            yield _Standing(operation, _steers([branch.block for branch in operation.branches], here))
        for inner in blocks_of(operation):
            yield from _standing(inner, here, tested, read)
        function = _called(operation)
        if function is not None and id(function) not in read:
            read.add(id(function))
            yield from _standing(function.body, _After(), tested, read)


def _followed_by_work(operations: Sequence[Operation]) -> list[bool]:
    """Return for each operation whether anything runs in those after it."""
    found: list[bool] = []
    works_after = False
    for operation in reversed(operations):
        found.append(works_after)
        works_after = works_after or works(Block((operation,)))
    return found[::-1]


def _called(operation: Operation) -> Function | None:
    match operation:
        case Run(activity=Call(function=function)) | Start(activity=Call(function=function)):
            return function
        case _:
            return None


def _steers(blocks: Sequence[Block], after: _After) -> tuple[bool, ...]:
    """Return for each of some blocks whether it or one after it has steps, or an exit that leaves out some."""
    found = accumulate((works(block) or _leaves(block, after) for block in reversed(blocks)), or_)
    return tuple(found)[::-1]


def _leaves(block: Block, after: _After) -> bool:
    """Whether a block has an exit that leaves out steps."""
    for operation in block.operations:
        match operation:
            case Exit(kind=ExitKind.RETURN | ExitKind.RAISE):
                if after.function:
                    return True
            case Exit():
                if after.loop:
                    return True
            case _:
                inside = replace(after, loop=False) if isinstance(operation, Loop) else after
                if any(_leaves(inner, inside) for inner in blocks_of(operation)):
                    return True
    return False
