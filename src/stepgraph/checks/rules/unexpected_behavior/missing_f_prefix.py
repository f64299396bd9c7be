"""Names of steps, sleeps and waits with fields in braces, in a string without the prefix `f`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from stepgraph.checks.analysis.bound_values import with_bound_values
from stepgraph.checks.analysis.steps import format_code_list
from stepgraph.checks.diagnostic import Applicability, Confidence, Diagnostic, Severity, first_diagnostics, unsafe_fix
from stepgraph.checks.rule import Rule
from stepgraph.ir.facts import MethodCalled, UnformattedString
from stepgraph.syntax.edits.source_edits import add_f_prefix
from stepgraph.syntax.step_methods import is_step_method

if TYPE_CHECKING:
    from stepgraph.checks.subject import WorkflowSubject
    from stepgraph.syntax.module import SourcePlace


def _check(subject: WorkflowSubject) -> Iterator[Diagnostic]:
    strings = list(subject.facts_of_type(UnformattedString))
    passed = _passed_names(subject) if any(not string.is_name for string in strings) else frozenset()
    return first_diagnostics(_diagnostic(each) for each in strings if each.is_name or each.place in passed)


def _passed_names(subject: WorkflowSubject) -> frozenset[SourcePlace]:
    """Return the locations of the arguments that functions use as names of steps, sleeps and waits."""
    calls = (call for call in subject.facts_of_type(MethodCalled) if is_step_method(call.method))
    names = [name for call in calls if (name := call.arguments.find(0, "name")) is not None]
    return frozenset(bound.place for name in names for bound in with_bound_values(subject, name.value, name.place))


def _diagnostic(string: UnformattedString) -> Diagnostic:
    fields = format_code_list([f"{{{field}}}" for field in dict.fromkeys(string.fields)])
    return Diagnostic(
        string.place.span,
        f"the name contains {fields} as text, so it is the same in each run: the string lacks the prefix `f`.",
        f"Write `f{string.place.brief_text}`.",
        unsafe_fix(*add_f_prefix(string.place)),
    )


RULE = Rule(
    code="SG218",
    name="missing-f-prefix",
    module=__name__,
    severity=Severity.WARNING,
    confidence=Confidence.MEDIUM,
    fixes=(Applicability.UNSAFE,),
    check=_check,
)
