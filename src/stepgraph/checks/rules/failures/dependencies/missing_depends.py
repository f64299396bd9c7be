"""Steps with parameters but without `depends` in the legacy dependency mode."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from stepgraph.checks.analysis.step_fixes import inline_advice, inline_captured
from stepgraph.checks.analysis.steps import (
    declarations_of,
    dependency_parameters,
    factory_advice,
    findings_on_arguments,
    format_code_list,
    passed_arguments,
    reachable_steps,
)
from stepgraph.checks.diagnostic import Applicability, Diagnostic, Severity, first_diagnostics, unsafe_fix
from stepgraph.checks.rule import Rule
from stepgraph.ir.facts import DependencyCountMismatch
from stepgraph.syntax.edits.source_edits import AddedArgument

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from stepgraph.checks.subject import WorkflowSubject
    from stepgraph.ir.facts import Parameter, StepDeclared, StepFunctionShape
    from stepgraph.ir.static_values import StaticArgument
    from stepgraph.syntax.edits.source_edits import Edit


def _check(subject: WorkflowSubject) -> Iterator[Diagnostic]:
    return first_diagnostics(_diagnostics(subject))


def _diagnostics(subject: WorkflowSubject) -> Iterator[Diagnostic]:
    declarations = declarations_of(subject)
    running, in_tasks = reachable_steps(subject).all, reachable_steps(subject).in_tasks
    functions = {step.name: step.function_name for step in declarations}
    functions |= {step.function_name: step.function_name for step in declarations}
    for missing in subject.facts_of_type(DependencyCountMismatch):
        declared = declarations.get(missing.definition)
        if missing.depends_count is not None or declared is None or missing.definition not in running:
            continue
        function = declared.function
        if function is not None and (parameters := dependency_parameters(function)):
            edits = _edits(declared, function, functions, runs_in_place=missing.definition not in in_tasks)
            names = format_code_list(parameter.name for parameter in parameters)
            yield Diagnostic(
                parameters[0].place.span,
                f"missing `depends` for the parameter{'s' * (len(parameters) > 1)} {names}: this project's"
                f" compatibility date or flags require it, so the step {missing.definition.quoted_name} fails with a"
                " TypeError.",
                _advice(declared, function, functions, edits, passed_arguments(subject).get(missing.definition, ())),
                unsafe_fix(*edits),
                consequences=findings_on_arguments(subject, missing.definition),
            )


def _edits(
    declared: StepDeclared, function: StepFunctionShape, functions: Mapping[str, str], *, runs_in_place: bool
) -> tuple[Edit, ...]:
    """Return the edits that add `depends`, or that replace the parameters with the values that they capture."""
    parameters = dependency_parameters(function)
    if all(parameter.default is not None for parameter in parameters):
        return inline_captured(function, parameters) if runs_in_place else ()
    entries = _entries(parameters, functions)
    return (AddedArgument(declared.place, "depends", f"[{', '.join(entries)}]"),) if entries else ()


def _entries(parameters: Sequence[Parameter], functions: Mapping[str, str]) -> list[str]:
    """Return the functions of the steps that the parameters name, or an empty list if a parameter names no step."""
    names = [functions.get(parameter.name) for parameter in parameters]
    entries = [name for name in names if name is not None]
    return entries if len(entries) == len(names) else []


def _advice(
    declared: StepDeclared,
    function: StepFunctionShape,
    functions: Mapping[str, str],
    edits: Sequence[Edit],
    passed: Sequence[StaticArgument],
) -> str:
    parameters = dependency_parameters(function)
    captured = [parameter for parameter in parameters if parameter.default is not None]
    if len(captured) == len(parameters):
        return inline_advice(captured) if edits else factory_advice(declared, function, captured)
    entries = _entries(parameters, functions)
    if entries:
        return f"Add `depends=[{', '.join(entries)}]` to its `step.do(...)`."
    if len(passed) == len(parameters) == 1:
        return factory_advice(declared, function, parameters, (passed[0].place.text,))
    return (
        "List a step for each parameter in `depends=[...]`. To pass another value, use a variable of the enclosing"
        " function."
    )


RULE = Rule(
    code="SG105",
    name="missing-depends",
    module=__name__,
    severity=Severity.ERROR,
    fixes=(Applicability.UNSAFE,),
    check=_check,
)
