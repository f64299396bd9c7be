"""Dependencies on a name that two steps share."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from stepgraph.checks.analysis.steps import reachable_steps
from stepgraph.checks.diagnostic import Diagnostic, Severity, first_diagnostics
from stepgraph.checks.rule import Rule
from stepgraph.ir.facts import AmbiguousDependency

if TYPE_CHECKING:
    from stepgraph.checks.subject import WorkflowSubject


def _check(subject: WorkflowSubject) -> Iterator[Diagnostic]:
    reachable = reachable_steps(subject).all
    return first_diagnostics(
        _diagnostic(ambiguous)
        for ambiguous in subject.facts_of_type(AmbiguousDependency)
        if ambiguous.definition in reachable
    )


def _diagnostic(ambiguous: AmbiguousDependency) -> Diagnostic:
    name, resolved, shadowed = ambiguous.parameter.name, ambiguous.resolved_step, ambiguous.shadowed_step
    return Diagnostic(
        ambiguous.parameter.place.span,
        f"two steps are named {name!r}, `{shadowed.function_name}` (line {shadowed.place.span.line}) and"
        f" `{resolved.function_name}` (line {resolved.place.span.line}): the step {ambiguous.definition.quoted_name}"
        " gets the result of the step declared last.",
        "Give the steps different names, and name the parameter after the intended one.",
    )


RULE = Rule(
    code="SG208",
    name="ambiguous-dependency-name",
    module=__name__,
    severity=Severity.WARNING,
    check=_check,
)
