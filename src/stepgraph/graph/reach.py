"""The call graph of a program: reachable functions, and the ones that run steps."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TypeAlias

from stepgraph.ir.nodes import Await, Block, Call, Function, Operation, Run, Series, Start, StepRun, child_blocks

BodyOf: TypeAlias = Callable[[Function], Block]


def functions_called_in(block: Block) -> Iterator[Function]:
    """Yield the functions called in a block and in the bodies of its steps, in order."""
    stack: list[Iterator[Operation]] = [iter(block.operations)]
    while stack:
        operation = next(stack[-1], None)
        if operation is None:
            stack.pop()
            continue
        if isinstance(operation, Run | Start):
            if isinstance(operation.activity, Call):
                yield operation.activity.function
            elif isinstance(operation.activity, StepRun):
                stack.append(iter(operation.activity.body.operations))
            elif isinstance(operation.activity, Series):
                stack.append(iter(operation.activity.block.operations))
        else:
            inner = [o for part in child_blocks(operation) for o in part.operations]
            stack.append(iter(inner))


def functions_with_steps(functions: Sequence[Function], body_of: BodyOf) -> frozenset[int]:
    """Return the `id`s of the functions that run steps, directly or through calls of other functions."""
    calls = {id(f): [id(callee) for callee in functions_called_in(body_of(f))] for f in functions}
    working = {id(f) for f in functions if _runs_steps(body_of(f))}
    callers: dict[int, list[int]] = {}
    for caller, callees in calls.items():
        for callee in callees:
            callers.setdefault(callee, []).append(caller)
    pending = list(working)
    while pending:
        for caller in callers.get(pending.pop(), ()):
            if caller not in working:
                working.add(caller)
                pending.append(caller)
    return frozenset(working)


def reachable(body: Block, body_of: BodyOf) -> list[Function]:
    """Return the functions that a body calls, directly or through other functions, callers first."""
    functions: dict[int, Function] = {}
    pending = [body]
    while pending:
        for function in functions_called_in(pending.pop()):
            if id(function) not in functions:
                functions[id(function)] = function
                pending.append(body_of(function))
    return list(functions.values())


def _runs_steps(block: Block) -> bool:
    stack = list(block.operations)
    while stack:
        operation = stack.pop()
        if isinstance(operation, Run | Start):
            if not isinstance(operation.activity, Call):
                return True
        elif not isinstance(operation, Await):
            stack.extend(o for part in child_blocks(operation) for o in part.operations)
    return False
