"""Parameters of steps that do not name a step."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from difflib import get_close_matches
from typing import TYPE_CHECKING

from msgspec import Struct

from stepgraph.checks.analysis.steps import (
    ReachableSteps,
    declarations_of,
    factory_advice,
    format_code_list,
    is_parameter_name,
)
from stepgraph.checks.diagnostic import Diagnostic, Severity, first_diagnostics
from stepgraph.checks.rule import Rule
from stepgraph.ir.facts import StepCalled, StepDeclared, UnresolvedStepParameter
from stepgraph.limits import Budget, Limit

if TYPE_CHECKING:
    from stepgraph.checks.subject import WorkflowSubject
    from stepgraph.ir.facts import Parameter, StepFunctionShape
    from stepgraph.ir.nodes import StepDefinition
    from stepgraph.syntax.module import Place

# Notes on code that may declare further steps.
_ELSEWHERE = (
    *("assigned-elsewhere", "broken-module", "escapes", "too-many-variants", "unknown-base", "unknown-member"),
    *("unknown-metaclass", "unresolved-call"),
)
_MOST_NAMED = 5
# Measured in compared pairs: the cost of testing two names for similarity.
_COST_OF_NEAR_NAMES = 20


class _Steps(Struct, frozen=True):
    """The steps of a workflow. If `hidden` is set, there may be further steps."""

    declared: dict[StepDefinition, StepDeclared]
    called_with: dict[StepDefinition, str]
    running: ReachableSteps
    hidden: bool
    budget: Budget


def _check(subject: WorkflowSubject) -> Iterator[Diagnostic]:
    steps = _Steps(
        declarations_of(subject),
        dict(_called_with(subject)),
        subject.reachable_steps,
        any(note.code in _ELSEWHERE for note in subject.notes),
        Budget(),
    )
    return first_diagnostics(
        [*_unknown(steps, subject.facts_of_type(UnresolvedStepParameter)), *_not_by_position(steps)]
    )


def _called_with(subject: WorkflowSubject) -> Iterator[tuple[StepDefinition, str]]:
    """Yield the steps that are called with a single argument, each with the argument."""
    for call in subject.facts_of_type(StepCalled):
        if len(call.arguments.positional) == len(call.arguments.items) == 1:
            yield call.definition, call.arguments.items[0].place.text


def _unknown(steps: _Steps, facts: Iterable[UnresolvedStepParameter]) -> Iterator[Diagnostic]:
    names = {definition.name for definition in steps.declared}
    parameters: dict[int, dict[Place, Parameter]] = {}
    for unknown in facts:
        declared = steps.declared.get(unknown.definition)
        if declared is None or declared.function is None or unknown.definition not in steps.running.all:
            continue
        function = declared.function
        by_place = parameters.get(id(function))
        if by_place is None:
            by_place = parameters[id(function)] = {p.place: p for p in reversed(function.parameters)}
        parameter = by_place.get(unknown.parameter.place)
        if parameter is None or _is_told_with_args(parameter, function):
            continue
        if parameter.default is not None:
            yield _default(steps, declared, function, unknown)
        elif not steps.hidden and not (unknown.parameter.name in names and _begins_later(steps, unknown)):
            yield _without_step(steps, declared, parameter, unknown)


def _is_told_with_args(parameter: Parameter, function: StepFunctionShape) -> bool:
    return parameter.kind == "**kwargs" and any(p.kind == "*args" for p in function.parameters)


def _begins_later(steps: _Steps, unknown: UnresolvedStepParameter) -> bool:
    """Return whether a task starts later, at the next await: declarations before that count."""
    return unknown.definition not in steps.running.in_place


def _default(
    steps: _Steps, declared: StepDeclared, function: StepFunctionShape, unknown: UnresolvedStepParameter
) -> Diagnostic:
    """Report all parameters at the first one, as a single function receives them."""
    steps.budget.spend(Limit.PAIRS, len(unknown.declared) + len(function.parameters))
    named = {"ctx", *(definition.name for definition in unknown.declared)}
    captured = [p for p in function.parameters if p.default is not None and p.name not in named]
    value = steps.called_with.get(declared.definition)
    written = [f"{parameter.name}={parameter.default}" for parameter in captured]
    return Diagnostic(
        captured[0].place.span,
        f"the step {declared.definition.name!r} takes {format_code_list(written)}, but the SDK fills parameters with"
        f" results of steps, and no step is named {captured[0].name!r}: calling it fails with a TypeError.",
        factory_advice(declared, function, captured, () if value is None or len(captured) > 1 else (value,)),
    )


def _without_step(
    steps: _Steps, declared: StepDeclared, parameter: Parameter, unknown: UnresolvedStepParameter
) -> Diagnostic:
    name = parameter.name
    stars = {"*args": "*", "**kwargs": "**"}.get(parameter.kind, "")
    function, value = declared.function, steps.called_with.get(declared.definition)
    if stars:
        advice = _star_advice(stars + name, function)
    elif value is not None and function is not None and function.parameters[0] == parameter:
        advice = factory_advice(declared, function, (parameter,), (value,))
    else:
        advice = _name_advice(steps, name, unknown)
    return Diagnostic(
        parameter.place.span,
        f"the step {declared.definition.name!r} has a parameter `{stars}{name}`, but no step is named {name!r} when it"
        " is called: the call fails with a TypeError.",
        advice,
    )


def _star_advice(written: str, function: StepFunctionShape | None) -> str:
    kinds = {parameter.kind for parameter in function.parameters} if function is not None else set()
    if kinds == {"*args", "**kwargs"}:
        return (
            "If a decorator puts this around a function, write `@functools.wraps(...)` of that function above it: its"
            " parameters count then."
        )
    return (
        f"Remove `{written}`: parameters are `ctx` and names of steps. The function can read other values from around"
        " it."
    )


def _name_advice(steps: _Steps, name: str, unknown: UnresolvedStepParameter) -> str:
    steps.budget.spend(Limit.PAIRS, _COST_OF_NEAR_NAMES * len(unknown.declared))
    namesake = next((step for step in unknown.declared if step.function_name == name), None)
    if namesake is not None:
        return _namesake_advice(namesake)
    names = [step.name for step in unknown.declared if is_parameter_name(step.name) and not _needs(step, unknown)]
    near = get_close_matches(name, names, 1)
    if near:
        return f"Name the parameter `{near[0]}`, after the step of that name."
    later = next((step for step in steps.declared if step.name == name), None)
    if later is not None:
        return f"Declare the step {name!r} (line {later.place.span.line}) before this one is called."
    candidates = format_code_list(list(dict.fromkeys(names))[:_MOST_NAMED])
    there = f"after a declared step ({candidates})" if candidates else "after a declared step"
    return f"Name it {there} or `ctx`, or remove it: the function can read other values from around it."


def _needs(step: StepDefinition, unknown: UnresolvedStepParameter) -> bool:
    """Return whether a step is the step of the parameter or depends on it."""
    needed = [parameter.name for parameter in step.parameters]
    return step == unknown.definition or unknown.definition.name in needed


def _namesake_advice(step: StepDefinition) -> str:
    function = step.function_name
    if is_parameter_name(step.name):
        return f"Name the parameter `{step.name}`: that is the name of `{function}`'s step."
    return (
        f"No parameter can be named {step.name!r}, as the step of `{function}` is: name that step"
        f' "{function}", or leave its name out.'
    )


def _not_by_position(steps: _Steps) -> Iterator[Diagnostic]:
    """Report keyword-only parameters, as results are passed by position."""
    for definition, declared in steps.declared.items():
        function = declared.function
        if function is None or definition not in steps.running.all:
            continue
        if any(parameter.kind == "*args" for parameter in function.parameters):
            continue
        for parameter in function.parameters:
            if parameter.kind == "keyword":
                advice = f"Remove the `*` before `{parameter.name}`."
            elif parameter.kind == "**kwargs" and parameter.name == "ctx":
                advice = "Write `ctx` without the stars."
            else:
                continue
            yield Diagnostic(
                parameter.place.span,
                f"the step {definition.name!r} takes `{parameter.name}` by name only, but the SDK gives it by position,"
                " so each attempt fails with a TypeError.",
                advice,
            )


RULE = Rule(
    code="SG101",
    name="unknown-step-parameter",
    module=__name__,
    severity=Severity.ERROR,
    check=_check,
)
