"""`depends` in the implicit dependency mode."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from stepgraph.checks.analysis.steps import format_code_list, is_parameter_name
from stepgraph.checks.diagnostic import Diagnostic, Severity, first_diagnostics
from stepgraph.checks.rule import Rule
from stepgraph.ir.facts import MethodCalled
from stepgraph.ir.static_values import StaticCollection, StaticFunction, StaticMapping, StaticStep
from stepgraph.ir.values import Constant
from stepgraph.project.configuration.compatibility import DependencyMode

if TYPE_CHECKING:
    from stepgraph.checks.subject import WorkflowSubject
    from stepgraph.ir.facts import StaticArgument
    from stepgraph.ir.values import Value


def _check(subject: WorkflowSubject) -> Iterator[Diagnostic]:
    if subject.program.mode is DependencyMode.IMPLICIT:
        yield from first_diagnostics(_matches(subject))


def _matches(subject: WorkflowSubject) -> Iterator[Diagnostic]:
    for call in subject.facts_of_type(MethodCalled):
        depends = call.arguments.find(1, "depends") if call.method == "do" else None
        if depends is not None and not call.expects_type_error and not _is_as_in_javascript(depends):
            yield Diagnostic(
                depends.place.span,
                f"{_what(depends)}: with this project's compatibility date or flags, dependencies are implicit.",
                _advice(depends.value),
            )


def _is_as_in_javascript(depends: StaticArgument) -> bool:
    """Return whether the second argument is a function or a config, which another rule reports."""
    return depends.keyword is None and isinstance(depends.value, StaticFunction | StaticMapping)


def _what(depends: StaticArgument) -> str:
    if depends.keyword is None:
        return f"`step.do` fails with a TypeError for a second positional argument, `{depends.place.text}`"
    return "`step.do` fails with a TypeError for `depends`"


def _advice(value: Value) -> str:
    if value == Constant(None):
        return "Remove it."
    elements = value.elements if isinstance(value, StaticCollection) else ()
    steps = [element.value.definition for element in elements if isinstance(element.value, StaticStep)]
    if not steps or len(steps) < len(elements):
        return "Remove it, and name the parameters of the function after the steps that it needs."
    names = [step.name if is_parameter_name(step.name) else step.function_name for step in steps]
    renamed = [step.function_name for step in steps if not is_parameter_name(step.name)]
    also = (
        f" and name the step of `{renamed[0]}` {renamed[0]!r}, as parameters bear the names of steps,"
        if renamed
        else ""
    )
    parameters = f"the parameter{'s' * (len(names) > 1)} {format_code_list(names)}, named after what it needs"
    return f"Remove it,{also} and give the function {parameters}."


RULE = Rule(
    code="SG104",
    name="depends-in-implicit-mode",
    module=__name__,
    severity=Severity.ERROR,
    check=_check,
)
