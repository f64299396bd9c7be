"""`run` methods that the SDK does not wrap, because their class does not derive from `WorkflowEntrypoint`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from stepgraph.checks.diagnostic import Diagnostic, Severity
from stepgraph.checks.rule import Rule
from stepgraph.ir.facts import EventKeyAccess, MethodCalled, UnwrappedRun

if TYPE_CHECKING:
    from stepgraph.checks.subject import WorkflowSubject


def _check(subject: WorkflowSubject) -> Iterator[Diagnostic]:
    failure = _find_first_failure(subject)
    if failure is None:
        return
    for run in subject.facts_of_type(UnwrappedRun):
        name = subject.program.class_name
        yield Diagnostic(
            run.place.span,
            f"`{name}` inherits `run` from `{run.owner}`, which does not derive from `WorkflowEntrypoint`: `run` gets"
            f" JavaScript's event and step objects, and {failure} fails.",
            f"Derive `{run.owner}` from `WorkflowEntrypoint`, or define `run` in `{name}` and await"
            " `super().run(event, step)`.",
        )


def _find_first_failure(subject: WorkflowSubject) -> str | None:
    """Return code that JavaScript's step and event objects do not support. Sleeps and attributes work."""
    method = next((call.method for call in subject.facts_of_type(MethodCalled) if call.method != "sleep"), None)
    if method is not None:
        return f"`step.{method}(...)`"
    keys = (key for key in subject.facts_of_type(EventKeyAccess) if not key.from_wait and key.use != "attribute")
    key = next(keys, None)
    return None if key is None else f"`{key.place.text}`"


RULE = Rule(
    code="SG126",
    name="unwrapped-run",
    module=__name__,
    severity=Severity.ERROR,
    check=_check,
)
