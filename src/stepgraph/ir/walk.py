"""Traversals of a whole program: its blocks, the called functions and the bodies of steps."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeAlias, assert_never

from msgspec import Struct

from stepgraph.ir.nodes import (
    Activity,
    Block,
    Call,
    Dependency,
    EventWait,
    Function,
    Operation,
    Run,
    Series,
    Sleep,
    SleepUntil,
    Start,
    StepChoice,
    StepDefinition,
    StepRun,
    child_blocks,
)


class VisitedOperation(Struct, frozen=True):
    """An operation of a program, with the step around it."""

    operation: Operation
    in_step: StepRun | None
    """The outermost step whose body contains the operation."""


def walk_operations(block: Block) -> Iterator[VisitedOperation]:
    """Yield all operations reachable from a block, in pre-order.

    Each function and step body is visited at most twice: once outside of steps and once inside.
    """
    visited: set[tuple[int, bool]] = set()
    # An explicit stack, because call chains can exceed Python's recursion limit.
    pending: list[tuple[_Node, StepRun | None]] = [(block, None)]
    while pending:
        node, in_step = pending.pop()
        if isinstance(node, Block):
            pending += ((operation, in_step) for operation in reversed(node.operations))
        elif isinstance(node, Call | Series | StepRun | StepChoice | Sleep | SleepUntil | EventWait):
            pending += reversed(list(_children(node, in_step, visited)))
        else:
            yield VisitedOperation(node, in_step)
            pending += ((inner, in_step) for inner in reversed(list(child_blocks(node))))
            if isinstance(node, Run | Start):
                pending.append((node.activity, in_step))


def activities_in(block: Block) -> Iterator[Activity]:
    """Yield the activities of a block and of the functions it calls, without the bodies of steps."""
    for visit in walk_operations(block):
        if visit.in_step is None and isinstance(visit.operation, Run | Start):
            yield visit.operation.activity


def transitive_dependencies(run: StepRun) -> Iterator[StepDefinition]:
    """Yield the steps that a step depends on, directly or through other steps."""
    stack: list[Dependency] = list(run.dependencies)
    visited: set[int] = set()
    while stack:
        dependency = stack.pop()
        if id(dependency) in visited:
            continue
        visited.add(id(dependency))
        if isinstance(dependency, StepChoice):
            stack += [case.dependency for case in dependency.cases]
        else:
            yield dependency.definition
            stack += dependency.dependencies


def activities_of(activity: Activity) -> Iterator[Activity]:
    """Yield an activity and the activities inside it: the members of a series, or the body of a called function."""
    yield activity
    match activity:
        case Series(block=block):
            yield from activities_in(block)
        case Call(function=function):
            yield from activities_in(function.body)
        case StepRun() | Sleep() | SleepUntil() | EventWait():
            pass
        case _ as never:
            assert_never(never)


def name_of(activity: Activity) -> str:
    """Return the name of the step, sleep, wait or function; for a series, the name of its last activity."""
    match activity:
        case StepRun(definition=definition):
            return definition.name
        case Call(function=function):
            return function.names[0]
        case Sleep(name=name) | SleepUntil(name=name) | EventWait(name=name):
            return name
        case Series(block=block):
            return next(map(name_of, reversed(list(activities_in(block)))), "")


_Node: TypeAlias = Block | Operation | Activity | Dependency


def _children(
    node: Activity | Dependency, in_step: StepRun | None, visited: set[tuple[int, bool]]
) -> Iterator[tuple[_Node, StepRun | None]]:
    """Yield the children of an activity or a dependency, except bodies and dependencies that have been visited."""
    match node:
        case Series(block=block):
            yield block, in_step
        case StepChoice(cases=cases):
            yield from ((case.dependency, in_step) for case in cases)
        case Call(function=function) if _mark_visited(function, in_step, visited):
            yield function.body, in_step
        case StepRun(body=body, dependencies=dependencies) if _mark_visited(node, in_step, visited):
            yield body, in_step or node
            inside = in_step is not None
            yield from ((dep, in_step) for dep in dependencies if (id(dep), inside) not in visited)


def _mark_visited(target: Function | StepRun, in_step: StepRun | None, visited: set[tuple[int, bool]]) -> bool:
    """Mark a body as visited and return whether this is the first visit."""
    key = (id(target), in_step is not None)
    is_first = key not in visited
    visited.add(key)
    return is_first
