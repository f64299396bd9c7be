"""Changes of the event of `run`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from stepgraph.checks.diagnostic import Diagnostic, Severity
from stepgraph.checks.rule import Rule
from stepgraph.ir.facts import EventMutated

if TYPE_CHECKING:
    from stepgraph.checks.subject import WorkflowSubject


def _check(subject: WorkflowSubject) -> Iterator[Diagnostic]:
    for change in subject.facts_of_type(EventMutated):
        lost = (
            "when `run` runs again, a finished step's body does not, so the change is lost."
            if change.in_step
            else "that is not kept, and whenever `run` runs again, it is given the event as it was sent."
        )
        yield Diagnostic(
            change.place.span,
            f"this changes `{change.mutated_source}`, a part of the event: {lost}",
            f"Change a copy, `copy.deepcopy({change.mutated_source})`, or return the new value from a step.",
        )


RULE = Rule(
    code="SG306",
    name="event-mutated",
    module=__name__,
    severity=Severity.WARNING,
    check=_check,
)
