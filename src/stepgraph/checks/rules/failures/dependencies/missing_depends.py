"""Steps with parameters but without `depends` in the legacy dependency mode."""

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

if TYPE_CHECKING:
    from collections.abc import Mapping

    from stepgraph.checks.subject import WorkflowSubject
    from stepgraph.ir.facts import StepDeclared, StepFunctionShape


def _check(subject: WorkflowSubject) -> Iterator[Diagnostic]:
    return first_diagnostics(_diagnostics(subject))


def _diagnostics(subject: WorkflowSubject) -> Iterator[Diagnostic]:
    declarations = declarations_of(subject)
    running = subject.reachable_steps.all
    functions = {step.name: step.function_name for step in declarations}
    functions |= {step.function_name: step.function_name for step in declarations}
    for missing in subject.facts_of_type(DependencyCountMismatch):
        declared = declarations.get(missing.definition)
        if missing.depends_count is not None or declared is None or missing.definition not in running:
            continue
        function = declared.function
        if function is not None and (parameters := dependency_parameters(function)):
            names = format_code_list(parameter.name for parameter in parameters)
            yield Diagnostic(
                parameters[0].place.span,
                f"missing `depends` for the parameter{'s' * (len(parameters) > 1)} {names}: this project's"
                f" compatibility date or flags require it, so the step {missing.definition.name!r} fails with a"
                " TypeError.",
                _advice(declared, function, functions),
            )


def _advice(declared: StepDeclared, function: StepFunctionShape, functions: Mapping[str, str]) -> str:
    parameters = dependency_parameters(function)
    captured = [parameter for parameter in parameters if parameter.default is not None]
    if len(captured) == len(parameters):
        return factory_advice(declared, function, captured)
    steps = [functions.get(parameter.name) for parameter in parameters]
    entries = [name for name in steps if name is not None]
    if len(entries) == len(parameters):
        return f"Add `depends=[{', '.join(entries)}]` to its `step.do(...)`."
    return (
        "List a step for each parameter in `depends=[...]`. To pass another value, use a variable of the enclosing"
        " function."
    )


RULE = Rule(
    code="SG105",
    name="missing-depends",
    module=__name__,
    severity=Severity.ERROR,
    check=_check,
)
