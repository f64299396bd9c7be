"""`step.do` without a required name."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from stepgraph.checks.analysis.step_fixes import replace_arguments, sources_of
from stepgraph.checks.diagnostic import Applicability, Diagnostic, Severity, first_diagnostics, unsafe_fix
from stepgraph.checks.rule import Rule
from stepgraph.ir.facts import MethodCalled, StepDeclared
from stepgraph.project.configuration.compatibility import DependencyMode

if TYPE_CHECKING:
    from stepgraph.checks.subject import WorkflowSubject


def _check(subject: WorkflowSubject) -> Iterator[Diagnostic]:
    if subject.program.mode is DependencyMode.LEGACY:
        yield from first_diagnostics(_check_names(subject))


def _check_names(subject: WorkflowSubject) -> Iterator[Diagnostic]:
    functions = {declared.place: declared.definition.function_name for declared in subject.facts_of_type(StepDeclared)}
    for call in subject.facts_of_type(MethodCalled):
        arguments = call.arguments
        if call.method != "do" or call.expects_type_error:
            continue
        if not arguments.whole or arguments.find(0, "name") is not None:
            continue
        function = functions.get(call.place, "...")
        edits = replace_arguments(call, [f'"{function}"', *sources_of(arguments)]) if function.isidentifier() else ()
        more = ", ..." if arguments.items else ""
        yield Diagnostic(
            call.place.span,
            f"`step.do({'...' if arguments.items else ''})` has no step name, so it fails with a TypeError: this"
            " project's compatibility date or flags require one.",
            f'Write `step.do("{function}"{more})`.',
            unsafe_fix(*edits),
        )


RULE = Rule(
    code="SG106",
    name="missing-step-name",
    module=__name__,
    severity=Severity.ERROR,
    fixes=(Applicability.UNSAFE,),
    check=_check,
)
