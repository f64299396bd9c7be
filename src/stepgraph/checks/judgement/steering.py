"""Which choices and loops steer steps: have steps in them, or leave without running some that follow."""

from __future__ import annotations

from collections.abc import Iterator

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
    """A choice or loop, and what leaving from there leaves out."""

    operation: Choice | Loop
    after: _After


def steering(program: Program, tests: Iterator[Steered]) -> Iterator[Steered]:
    """Yield those of the tests that decide which steps of a program run."""
    found = list(tests)
    if not found:
        return
    standing: dict[Place, list[_Standing]] = {}
    for one in _standing(program.body, _After(), set()):
        standing.setdefault(one.operation.place, []).append(one)
    for test in found:
        if any(_steers(one, test.first_branch) for one in standing.get(test.steered, ())):
            yield test


def _standing(block: Block, after: _After, read: set[int]) -> Iterator[_Standing]:
    for index, operation in enumerate(block.operations):
        follows = works(Block(block.operations[index + 1 :]))
        here = _After(after.function or follows, after.loop or follows)
        if isinstance(operation, Loop):
            again = works(operation.body)
            yield _Standing(operation, here)
            here = replace(here, function=here.function or again, loop=again)
        elif isinstance(operation, Choice):
            yield _Standing(operation, here)
        for inner in blocks_of(operation):
            yield from _standing(inner, here, read)
        function = _called(operation)
        if function is not None and id(function) not in read:
            read.add(id(function))
            yield from _standing(function.body, _After(), read)


def _called(operation: Operation) -> Function | None:
    match operation:
        case Run(activity=Call(function=function)) | Start(activity=Call(function=function)):
            return function
        case _:
            return None


def _steers(one: _Standing, first_branch: int) -> bool:
    if isinstance(one.operation, Choice):
        blocks = [branch.block for branch in one.operation.branches[first_branch:]]
        loop = one.after.loop
    else:
        blocks, loop = [one.operation.body], False
    return any(works(block) or _leaves(block, replace(one.after, loop=loop)) for block in blocks)


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
