"""All that a program does, wherever it stands: in blocks, in functions that are called, in the bodies of steps."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeAlias

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
    blocks_of,
)


class Reached(Struct, frozen=True):
    """An operation of a program. `in_step` is the step in whose body it is, the outermost one."""

    operation: Operation
    in_step: StepRun | None = None


def reached(block: Block) -> Iterator[Reached]:
    """Yield all operations that a block leads to, each function and step's body entered once where it is met first."""
    entered: set[tuple[int, bool]] = set()
    # What is still to come, last what comes first: functions may call each other as deep as there are functions.
    pending: list[tuple[_Part, StepRun | None]] = [(block, None)]
    while pending:
        part, in_step = pending.pop()
        if isinstance(part, Block):
            pending += ((operation, in_step) for operation in reversed(part.operations))
        elif isinstance(part, Call | Series | StepRun | StepChoice | Sleep | SleepUntil | EventWait):
            pending += reversed(list(_within(part, in_step, entered)))
        else:
            yield Reached(part, in_step)
            pending += ((inner, in_step) for inner in reversed(list(blocks_of(part))))
            if isinstance(part, Run | Start):
                pending.append((part.activity, in_step))


def activities_in(block: Block) -> Iterator[Activity]:
    """Yield the work that a block runs or starts, in functions called there too; not in the bodies of steps."""
    for met in reached(block):
        if met.in_step is None and isinstance(met.operation, Run | Start):
            yield met.operation.activity


def definitions_needed(run: StepRun) -> Iterator[StepDefinition]:
    """Yield the steps that a step needs, and those that they need."""
    stack: list[Dependency] = list(run.dependencies)
    seen: set[int] = set()
    while stack:
        dependency = stack.pop()
        if id(dependency) in seen:
            continue
        seen.add(id(dependency))
        if isinstance(dependency, StepChoice):
            stack += [case.dependency for case in dependency.cases]
        else:
            yield dependency.definition
            stack += dependency.dependencies


def parts_of(activity: Activity) -> Iterator[Activity]:
    """Yield work, or what it consists of if it is a series, with what functions that it calls do."""
    yield activity
    match activity:
        case Series(block=block):
            yield from activities_in(block)
        case Call(function=function):
            yield from activities_in(function.body)


def name_of(activity: Activity) -> str:
    """Return the name of a step, sleep, wait or function."""
    match activity:
        case StepRun(definition=definition):
            return definition.name
        case Call(function=function):
            return function.names[0]
        case Sleep(name=name) | SleepUntil(name=name) | EventWait(name=name):
            return name
        case Series(block=block):
            return next(map(name_of, reversed(list(activities_in(block)))), "")


_Part: TypeAlias = Block | Operation | Activity | Dependency


def _within(
    part: Activity | Dependency, in_step: StepRun | None, entered: set[tuple[int, bool]]
) -> Iterator[tuple[_Part, StepRun | None]]:
    """Yield what work consists of, unless it has been entered before."""
    match part:
        case Series(block=block):
            yield block, in_step
        case StepChoice(cases=cases):
            yield from ((case.dependency, in_step) for case in cases)
        case Call(function=function) if _enter(function, in_step, entered):
            yield function.body, in_step
        case StepRun(body=body, dependencies=dependencies) if _enter(part, in_step, entered):
            yield body, in_step or part
            inside = in_step is not None
            yield from ((needed, in_step) for needed in dependencies if (id(needed), inside) not in entered)


def _enter(what: Function | StepRun, in_step: StepRun | None, entered: set[tuple[int, bool]]) -> bool:
    key = (id(what), in_step is not None)
    new = key not in entered
    entered.add(key)
    return new
