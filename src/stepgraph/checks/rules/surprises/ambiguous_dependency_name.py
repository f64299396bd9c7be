"""Dependencies whose name belongs to two steps."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from stepgraph.checks.diagnostic import Diagnostic, Severity, first_diagnostics
from stepgraph.checks.rule import Rule
from stepgraph.ir.facts import AmbiguousDependency

if TYPE_CHECKING:
    from stepgraph.checks.subject import WorkflowSubject


def _check(subject: WorkflowSubject) -> Iterator[Diagnostic]:
    running = subject.reachable_steps.all
    return first_diagnostics(
        _match(shared) for shared in subject.facts_of_type(AmbiguousDependency) if shared.definition in running
    )


def _match(shared: AmbiguousDependency) -> Diagnostic:
    name, resolved, shadowed = shared.parameter.name, shared.resolved_step, shared.shadowed_step
    return Diagnostic(
        shared.parameter.place.span,
        f"two steps are named {name!r}, those of `{shadowed.function_name}` (line {shadowed.place.span.line}) and"
        f" `{resolved.function_name}` (line {resolved.place.span.line}): {shared.definition.name!r} gets the"
        " result of the one declared last.",
        "Give the steps different names, and name the parameter after the one that is meant.",
    )


RULE = Rule(
    code="SG208",
    name="ambiguous-dependency-name",
    module=__name__,
    severity=Severity.WARNING,
    check=_check,
)
