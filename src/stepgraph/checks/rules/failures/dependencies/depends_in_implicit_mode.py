"""`depends` in the implicit dependency mode."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from stepgraph.checks.analysis.step_fixes import parameter_name_of, refer_to_steps, remove_from_call
from stepgraph.checks.analysis.steps import (
    declarations_of,
    dependency_parameters,
    format_code_list,
    is_concurrent_by_position,
    is_parameter_name,
)
from stepgraph.checks.diagnostic import (
    Applicability,
    Diagnostic,
    Fix,
    Severity,
    first_diagnostics,
    safe_fix,
    unsafe_fix,
)
from stepgraph.checks.rule import Rule
from stepgraph.ir.facts import MethodCalled, StepDeclared
from stepgraph.ir.static_values import StaticCollection, StaticFunction, StaticMapping, StaticStep
from stepgraph.ir.values import Constant
from stepgraph.project.configuration.compatibility import DependencyMode
from stepgraph.syntax.edits.source_edits import Replacement

if TYPE_CHECKING:
    from collections.abc import Mapping

    from stepgraph.checks.subject import WorkflowSubject
    from stepgraph.ir.nodes import StepDefinition
    from stepgraph.ir.static_values import StaticArgument
    from stepgraph.ir.values import Value


def _check(subject: WorkflowSubject) -> Iterator[Diagnostic]:
    if subject.program.mode is DependencyMode.IMPLICIT:
        yield from first_diagnostics(_diagnostics(subject))


def _diagnostics(subject: WorkflowSubject) -> Iterator[Diagnostic]:
    calls = [
        (call, depends)
        for call in subject.facts_of_type(MethodCalled)
        if call.method == "do"
        and (depends := call.arguments.find(1, "depends")) is not None
        and not call.expects_type_error
        and not _follows_javascript(depends)
    ]
    declarations = {declared.place: declared for declared in subject.facts_of_type(StepDeclared)} if calls else {}
    for call, depends in calls:
        if is_concurrent_by_position(call.arguments):
            yield _diagnostic_of_concurrent(depends)
            continue
        yield Diagnostic(
            depends.name_span,
            f"{_describe(depends)}: dependencies are implicit at this project's compatibility date or flags, so"
            " `step.do` fails with a TypeError.",
            _advice(depends.value),
            _fix(call, depends, declarations.get(call.place), declarations_of(subject)),
        )


def _diagnostic_of_concurrent(argument: StaticArgument) -> Diagnostic:
    return Diagnostic(
        argument.place.span,
        f"{_describe(argument)}: `step.do` takes only the name by position, so it fails with a TypeError.",
        f"Write `concurrent={argument.place.text}`, or remove it.",
        unsafe_fix(Replacement(argument.place, f"concurrent={argument.place.text}")),
    )


def _follows_javascript(depends: StaticArgument) -> bool:
    """Return whether the second argument is a function or a config, as in JavaScript. SG117 reports such calls."""
    return depends.keyword is None and isinstance(depends.value, StaticFunction | StaticMapping)


def _describe(depends: StaticArgument) -> str:
    if depends.keyword is None:
        return f"unexpected positional argument `{depends.place.text}`"
    return "unexpected argument `depends`"


def _lists_nothing(value: Value) -> bool:
    return value == Constant(None) or (isinstance(value, StaticCollection) and value.is_complete and not value.elements)


def _listed_steps(value: Value) -> list[StepDefinition]:
    """Return the listed steps, or an empty list if the list is not fully known or an element is not a step."""
    elements = value.elements if isinstance(value, StaticCollection) and value.is_complete else ()
    steps = [element.value.definition for element in elements if isinstance(element.value, StaticStep)]
    return steps if len(steps) == len(elements) else []


def _fix(
    call: MethodCalled,
    depends: StaticArgument,
    declared: StepDeclared | None,
    declarations: Mapping[StepDefinition, StepDeclared],
) -> Fix | None:
    """Return the fix that removes `depends` and names the parameters of the function after the listed steps."""
    removal = remove_from_call(call, depends)
    if _lists_nothing(depends.value):
        return safe_fix(*removal)
    steps = _listed_steps(depends.value)
    if not steps or not removal or declared is None or declared.function is None:
        return None
    renamings = refer_to_steps(declared.function, dependency_parameters(declared.function), steps, declarations)
    return None if renamings is None else unsafe_fix(*removal, *renamings)


def _advice(value: Value) -> str:
    if _lists_nothing(value):
        return "Remove it."
    steps = _listed_steps(value)
    if not steps:
        return "Remove it, and name the parameters of the function after the steps it needs."
    names = [parameter_name_of(step) for step in steps]
    renamed = [step.function_name for step in steps if not is_parameter_name(step.name)]
    renaming = f' rename the step of `{renamed[0]}` to "{renamed[0]}",' if renamed else ""
    plural = "s" * (len(names) > 1)
    parameters = f"parameter{plural} {format_code_list(names)}"
    return f"Remove it,{renaming} and give the function the {parameters}, named after the step{plural}."


RULE = Rule(
    code="SG104",
    name="depends-in-implicit-mode",
    module=__name__,
    severity=Severity.ERROR,
    fixes=(Applicability.SAFE, Applicability.UNSAFE),
    check=_check,
)
