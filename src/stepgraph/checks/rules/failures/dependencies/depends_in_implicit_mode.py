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
        yield from first_diagnostics(_diagnostics(subject))


def _diagnostics(subject: WorkflowSubject) -> Iterator[Diagnostic]:
    for call in subject.facts_of_type(MethodCalled):
        depends = call.arguments.find(1, "depends") if call.method == "do" else None
        if depends is not None and not call.expects_type_error and not _follows_javascript(depends):
            yield Diagnostic(
                depends.place.span,
                f"{_describe(depends)}: dependencies are implicit at this project's compatibility date or flags, so"
                " `step.do` fails with a TypeError.",
                _advice(depends.value),
            )


def _follows_javascript(depends: StaticArgument) -> bool:
    """Return whether the second argument is a function or a config, as in JavaScript. SG117 reports such calls."""
    return depends.keyword is None and isinstance(depends.value, StaticFunction | StaticMapping)


def _describe(depends: StaticArgument) -> str:
    if depends.keyword is None:
        return f"unexpected positional argument `{depends.place.text}`"
    return "unexpected argument `depends`"


def _advice(value: Value) -> str:
    if value == Constant(None):
        return "Remove it."
    elements = value.elements if isinstance(value, StaticCollection) else ()
    steps = [element.value.definition for element in elements if isinstance(element.value, StaticStep)]
    if not steps or len(steps) < len(elements):
        return "Remove it, and name the parameters of the function after the steps it needs."
    names = [step.name if is_parameter_name(step.name) else step.function_name for step in steps]
    renamed = [step.function_name for step in steps if not is_parameter_name(step.name)]
    renaming = f' rename the step of `{renamed[0]}` to "{renamed[0]}",' if renamed else ""
    parameters = f"parameter{'s' * (len(names) > 1)} {format_code_list(names)}"
    return f"Remove it,{renaming} and give the function the {parameters}, named after the steps."


RULE = Rule(
    code="SG104",
    name="depends-in-implicit-mode",
    module=__name__,
    severity=Severity.ERROR,
    check=_check,
)
