"""Steps whose `depends` lists more or fewer steps than they have parameters."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from stepgraph.checks.analysis.steps import (
    declarations_of,
    dependency_parameters,
    factory_advice,
    format_code_list,
)
from stepgraph.checks.diagnostic import Diagnostic, Severity, first_diagnostics
from stepgraph.checks.rule import Rule
from stepgraph.ir.facts import DependencyCountMismatch
from stepgraph.ir.static_values import StaticCollection

if TYPE_CHECKING:
    from stepgraph.checks.subject import WorkflowSubject
    from stepgraph.ir.facts import StepDeclared, StepFunctionShape


def _check(subject: WorkflowSubject) -> Iterator[Diagnostic]:
    return first_diagnostics(_diagnostics(subject))


def _diagnostics(subject: WorkflowSubject) -> Iterator[Diagnostic]:
    declarations = declarations_of(subject)
    running = subject.reachable_steps.all
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
                f"`depends` lists {_count(count.depends_count, 'step')} for {_count(count.parameters, 'parameter')}"
                f" besides `ctx`, so the step {count.definition.name!r} fails with a TypeError.",
                _advice(declared, declared.function, count.depends_count),
            )


def _count(count: int, noun: str) -> str:
    return f"1 {noun}" if count == 1 else f"{count or 'no'} {noun}s"


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
