"""Methods `run` that the SDK does not wrap because their class is not a workflow."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from stepgraph.checks.diagnostic import Diagnostic, Severity
from stepgraph.checks.rule import Rule
from stepgraph.ir.facts import EventKeyAccess, MethodCalled, UnwrappedRun

if TYPE_CHECKING:
    from stepgraph.checks.subject import WorkflowSubject


def _check(subject: WorkflowSubject) -> Iterator[Diagnostic]:
    failing = _first_failure(subject)
    if failing is None:
        return
    for run in subject.facts_of_type(UnwrappedRun):
        name = subject.program.class_name
        yield Diagnostic(
            run.place.span,
            f"`run` of `{name}` comes from `{run.owner}`, which is no WorkflowEntrypoint, so it is given"
            f" JavaScript's own event and step: {failing} fails there.",
            f"Let `{run.owner}` derive from `WorkflowEntrypoint`, or give `{name}` a `run` of its own that awaits"
            " `super().run(event, step)`.",
        )


def _first_failure(subject: WorkflowSubject) -> str | None:
    """Return the first use of a feature that JavaScript's step object lacks. It supports sleeps and attributes."""
    method = next((call.method for call in subject.facts_of_type(MethodCalled) if call.method != "sleep"), None)
    if method is not None:
        return f"`step.{method}(...)`"
    used = (key for key in subject.facts_of_type(EventKeyAccess) if not key.from_wait and key.use != "attribute")
    key = next(used, None)
    return None if key is None else f"`{key.place.text}`"


RULE = Rule(
    code="SG126",
    name="unwrapped-run",
    module=__name__,
    severity=Severity.ERROR,
    check=_check,
)
