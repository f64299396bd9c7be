"""The steps of a workflow: declarations and their arguments, nondeterministic names, and steps that a run may reach."""

from __future__ import annotations

import keyword
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from msgspec import Struct

from stepgraph.checks.subject import WorkflowSubject, once_per_subject
from stepgraph.ir.facts import MethodCalled, StepCalled, StepDeclared
from stepgraph.ir.nodes import (
    OperationBlock,
    Run,
    StartOperation,
    StepRun,
    child_blocks,
)
from stepgraph.ir.static_values import StaticArgument, StaticArguments
from stepgraph.ir.values import Nondeterministic
from stepgraph.ir.walk import parts_of_activity
from stepgraph.project.configuration.compatibility import DependencyMode
from stepgraph.syntax.module import SourcePlace
from stepgraph.syntax.step_methods import WorkKind, is_step_method, work_of_method

if TYPE_CHECKING:
    from stepgraph.ir.facts import Parameter, StepFunctionShape
    from stepgraph.ir.nodes import Activity, Dependency, StepDefinition
    from stepgraph.model.span import Span


CONTEXT: Final = "ctx"
"""The name of the parameter that receives the step context."""


@once_per_subject
def declarations_of(subject: WorkflowSubject) -> dict[StepDefinition, StepDeclared]:
    """Return the declaration of each step of a workflow."""
    return {declared.definition: declared for declared in subject.facts_of_type(StepDeclared)}


@once_per_subject
def passed_arguments(subject: WorkflowSubject) -> dict[StepDefinition, list[StaticArgument]]:
    """Return the arguments that the calls of each step pass, although a step takes none."""
    arguments: dict[StepDefinition, list[StaticArgument]] = {}
    for call in subject.facts_of_type(StepCalled):
        arguments.setdefault(call.definition, []).extend(call.arguments.items)
    return arguments


def findings_on_arguments(subject: WorkflowSubject, step: StepDefinition) -> tuple[tuple[str, Span], ...]:
    """Return the codes and locations of the findings that calls pass arguments to a step.

    They are consequences of a finding on its parameters, because the author expects that a step takes arguments.
    """
    return tuple(("SG118", argument.place.span) for argument in passed_arguments(subject).get(step, ()))


def explicit_dependencies(subject: WorkflowSubject) -> Iterator[tuple[StepDeclared, StaticArgument]]:
    """Yield each declared step whose `depends` the SDK uses, with this argument."""
    for declared in declarations_of(subject).values():
        if declared.mode is DependencyMode.LEGACY:
            depends = declared.arguments.find(1, "depends")
            if depends is not None:
                yield declared, depends


def is_concurrent_by_position(arguments: StaticArguments) -> bool:
    """Return whether `step.do("x", True)` has a second argument that is probably meant for `concurrent`."""
    positional = arguments.positional
    return (
        len(positional) == len(("name", "concurrent"))
        and positional[1].place.text in ("True", "False")
        and all(item.keyword != "concurrent" for item in arguments.items)
    )


def is_parameter_name(name: str) -> bool:
    """Return whether the name of a step is a valid parameter name."""
    return name.isidentifier() and not keyword.iskeyword(name)


def format_code_list(words: Iterable[str]) -> str:
    """Return words as code in backquotes, separated by commas."""
    return ", ".join(f"`{word}`" for word in words)


def dependency_parameters(function: StepFunctionShape) -> tuple[Parameter, ...]:
    """Return the parameters that must name steps: all except the step context."""
    return tuple(parameter for parameter in function.parameters if parameter.name != CONTEXT)


def factory_advice(
    declared: StepDeclared,
    function: StepFunctionShape,
    captured: Sequence[Parameter],
    values: Sequence[str] = (),
    *,
    is_awaited: bool = True,
) -> str:
    """Return advice to declare a step in a factory function, with parameters for the captured values.

    The factory receives `values`, or else the default values of the captured parameters. With `is_awaited`, the advice
    awaits the step where it is called.
    """
    await_ = "await " if is_awaited else ""
    factory_parameters = ", ".join(parameter.name for parameter in captured)
    factory_arguments = ", ".join(values or (parameter.default or parameter.name for parameter in captured))
    step_parameters = ", ".join(parameter.name for parameter in function.parameters if parameter not in captured)
    if not is_parameter_name(function.name):
        body = f"lambda {step_parameters}: ..." if step_parameters else "lambda: ..."
        return (
            f"Write `return {declared.place.text}({body})` in a function `def make_step({factory_parameters}):`,"
            f" and run the step with `{await_}make_step({factory_arguments})()`."
        )
    head = f"{'async ' if function.is_async else ''}def {function.name}({step_parameters}):"
    return (
        f"Declare it as `{head}` in a function `def make_{function.name}({factory_parameters}):` that ends in"
        f" `return {function.name}`, and run it with `{await_}make_{function.name}({factory_arguments})()`."
    )


class NondeterministicName(Struct, frozen=True):
    """A nondeterministic name of a step, sleep or event wait."""

    what: WorkKind
    """The kind of the named work."""
    place: SourcePlace
    """The location of the name."""
    source: SourcePlace
    """The location of the nondeterministic call that the name depends on."""
    calls: tuple[SourcePlace, ...]
    """The calls that lead to the nondeterministic call, innermost first."""


def nondeterministic_names(subject: WorkflowSubject) -> Iterator[NondeterministicName]:
    """Yield the nondeterministic names in a workflow, except names in step bodies."""
    for call in subject.facts_of_type(MethodCalled):
        name = call.arguments.find(0, "name")
        if name is None or not is_step_method(call.method) or call.in_step:
            continue
        if name.nondeterministic is not None:
            source = name.nondeterministic
            yield NondeterministicName(work_of_method(call.method), name.place, source.place, source.calls)


class NondeterministicLength(Struct, frozen=True):
    """A sleep whose length changes at replay."""

    method: SleepMethod
    call: MethodCalled
    argument: StaticArgument
    """The duration, or the time at which the sleep ends."""
    source: Nondeterministic
    """The nondeterministic value that the length depends on."""


SleepMethod: TypeAlias = Literal["sleep", "sleep_until"]


def nondeterministic_lengths(subject: WorkflowSubject) -> Iterator[NondeterministicLength]:
    """Yield the sleeps outside of steps whose length changes at replay."""
    for call in subject.facts_of_type(MethodCalled):
        if call.in_step:
            continue
        match call.method:
            case "sleep" | "sleep_until" as method:
                # `sleep` takes no keywords, which another rule reports.
                length = call.arguments.find(1, "timestamp")
                if length is not None and length.nondeterministic is not None:
                    yield NondeterministicLength(method, call, length, length.nondeterministic)


class ReachableSteps(Struct, frozen=True):
    """The steps that a program may run."""

    all: frozenset[StepDefinition]
    """The steps that are called, and their dependencies."""
    in_place: frozenset[StepDefinition]
    """The steps that are awaited directly at a call, and their dependencies."""
    in_tasks: frozenset[StepDefinition]
    """The steps that a task runs, and their dependencies."""


@once_per_subject
def reachable_steps(subject: WorkflowSubject) -> ReachableSteps:
    """Return the declared steps that the program may run."""
    in_place: set[StepDefinition] = set()
    in_tasks: set[StepDefinition] = set()
    visited: set[tuple[int, bool]] = set()
    pending: list[tuple[OperationBlock | Activity | Dependency, bool]] = [(subject.program.body, True)]
    while pending:
        node, is_in_place = pending.pop()
        if isinstance(node, OperationBlock):
            is_in_place = True  # A task awaits calls in its code in place, too.
        if (id(node), is_in_place) in visited:
            continue
        visited.add((id(node), is_in_place))
        if isinstance(node, OperationBlock):
            for operation in node.operations:
                pending += ((block, True) for block in child_blocks(operation))
                if isinstance(operation, Run | StartOperation):
                    pending.append((operation.activity, isinstance(operation, Run)))
            continue
        if isinstance(node, StepRun):
            (in_place if is_in_place else in_tasks).add(node.definition)
        pending += ((part, is_in_place) for part in parts_of_activity(node))
    return ReachableSteps(frozenset(in_place | in_tasks), frozenset(in_place), frozenset(in_tasks))
