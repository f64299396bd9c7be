"""Steps whose `depends` lists more or fewer steps than they have parameters."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from stepgraph.checks.analysis.steps import (
    declarations_of,
    dependency_parameters,
    explicit_dependencies,
    factory_advice,
    format_code_list,
    reachable_steps,
)
from stepgraph.checks.diagnostic import Diagnostic, Severity, first_diagnostics
from stepgraph.checks.rule import Rule
from stepgraph.ir.facts import DependencyCountMismatch, StepCalled, StepNeverCalled
from stepgraph.ir.static_values import StaticCollection
from stepgraph.phrases import counted_or_none

if TYPE_CHECKING:
    from stepgraph.checks.subject import WorkflowSubject
    from stepgraph.ir.facts import StepDeclared, StepFunctionShape
    from stepgraph.ir.static_values import StaticArgument


def _check(subject: WorkflowSubject) -> Iterator[Diagnostic]:
    yield from first_diagnostics(_called_steps(subject))
    yield from first_diagnostics(_uncalled_steps(subject))


def _called_steps(subject: WorkflowSubject) -> Iterator[Diagnostic]:
    declarations = declarations_of(subject)
    running = reachable_steps(subject).all
    for count in subject.facts_of_type(DependencyCountMismatch):
        declared = declarations.get(count.definition)
        if (
            declared is None
            or declared.function is None
            or count.depends_count is None
            or count.definition not in running
        ):
            continue
        depends = declared.arguments.find(1, "depends")
        if depends is not None and isinstance(depends.value, StaticCollection) and depends.value.is_complete:
            yield Diagnostic(
                depends.place.span,
                f"{_counts(count.depends_count, count.parameters)}, so the step {count.definition.quoted_name} fails"
                " with a TypeError.",
                _advice(declared, declared.function, count.depends_count),
            )


def _uncalled_steps(subject: WorkflowSubject) -> Iterator[Diagnostic]:
    """Report steps that no analyzed code calls. A list in a variable may get more steps before a call."""
    explicit = list(explicit_dependencies(subject))
    if not explicit:
        return
    called = {call.definition.place for call in subject.facts_of_type(StepCalled)}
    unused = {fact.place for fact in subject.facts_of_type(StepNeverCalled)}
    for declared, depends in explicit:
        definition = declared.definition
        if declared.function is None or definition.place in called or definition in reachable_steps(subject).all:
            continue
        parameters = len(dependency_parameters(declared.function))
        match depends.value:
            case StaticCollection(elements=steps, is_complete=True) if len(steps) != parameters and _is_literal(
                depends
            ):
                effect = f"each call of the step {definition.quoted_name} fails with a TypeError"
                if declared.place in unused:
                    effect = f"the step {definition.quoted_name} is never called, and would fail with a TypeError"
                yield Diagnostic(
                    depends.place.span,
                    f"{_counts(len(steps), parameters)}: {effect}.",
                    f"{_advice(declared, declared.function, len(steps))} Then call the step.",
                    consequences=tuple((code, declared.place.span) for code in ("SG004", "SG202")),
                )


def _is_literal(depends: StaticArgument) -> bool:
    return depends.place.text.startswith(("[", "("))


def _counts(steps: int, parameters: int) -> str:
    return (
        f"`depends` lists {counted_or_none(steps, 'step')} for {counted_or_none(parameters, 'parameter')} besides `ctx`"
    )


def _advice(declared: StepDeclared, function: StepFunctionShape, count: int) -> str:
    parameters = dependency_parameters(function)
    captured = [parameter for parameter in parameters if parameter.default is not None]
    if captured and len(parameters) - len(captured) == count:
        return factory_advice(declared, function, captured)
    if not parameters:
        return "Add a parameter for each step in `depends`, or remove the steps."
    names = format_code_list(parameter.name for parameter in parameters)
    return f"List one step for each parameter, in this order: {names}."


RULE = Rule(
    code="SG102",
    name="wrong-depends-count",
    module=__name__,
    severity=Severity.ERROR,
    check=_check,
)
