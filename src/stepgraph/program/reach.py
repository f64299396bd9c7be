"""All that a program does, wherever it stands: in blocks, in functions that are called, in the bodies of steps."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TypeAlias

from stepgraph.program.ir import (
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


@dataclass(frozen=True, slots=True)
class Reached:
    """An operation of a program. `in_step` is the step in whose body it is, the outermost one."""

    operation: Operation
    in_step: StepRun | None = None


def reached(block: Block) -> Iterator[Reached]:
    """Yield all operations that a block leads to, each function and step's body entered once where it is met first."""
    yield from _Walk().all(block)


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
            stack += [option.dependency for option in dependency.options]
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


# What is met, or a walk of its own: a chain of calls is as long as the program has functions.
_Part: TypeAlias = "Reached | Iterator[_Part]"


@dataclass(slots=True)
class _Walk:
    entered: set[tuple[int, bool]] = field(default_factory=set)

    def all(self, block: Block) -> Iterator[Reached]:
        walks = [self.block(block, None)]
        while walks:
            part = next(walks[-1], None)
            if part is None:
                walks.pop()
            elif isinstance(part, Reached):
                yield part
            else:
                walks.append(part)

    def block(self, block: Block, in_step: StepRun | None) -> Iterator[_Part]:
        for operation in block.operations:
            yield Reached(operation, in_step)
            if isinstance(operation, Run | Start):
                yield self.activity(operation.activity, in_step)
            for inner in blocks_of(operation):
                yield self.block(inner, in_step)

    def activity(self, activity: Activity, in_step: StepRun | None) -> Iterator[_Part]:
        match activity:
            case Call(function=function):
                yield self.function(function, in_step)
            case StepRun():
                yield self.step(activity, in_step)
            case Series(block=block):
                yield self.block(block, in_step)

    def function(self, function: Function, in_step: StepRun | None) -> Iterator[_Part]:
        if self._enter(function, in_step):
            yield self.block(function.body, in_step)

    def step(self, run: StepRun, in_step: StepRun | None) -> Iterator[_Part]:
        if not self._enter(run, in_step):
            return
        yield self.block(run.body, in_step or run)
        for dependency in run.dependencies:
            yield self.dependency(dependency, in_step)

    def dependency(self, dependency: Dependency, in_step: StepRun | None) -> Iterator[_Part]:
        if isinstance(dependency, StepChoice):
            for option in dependency.options:
                yield self.dependency(option.dependency, in_step)
        else:
            yield self.step(dependency, in_step)

    def _enter(self, what: Function | StepRun, in_step: StepRun | None) -> bool:
        key = (id(what), in_step is not None)
        new = key not in self.entered
        self.entered.add(key)
        return new
