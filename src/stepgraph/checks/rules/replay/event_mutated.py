"""In-place changes to the event of `run`."""

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
        effect = (
            "at replay, the body of a finished step does not run again, so the change is lost."
            if change.in_step
            else "the change is not stored, and at replay `run` gets the original event."
        )
        yield Diagnostic(
            change.place.span,
            f"this changes `{change.mutated_source}`, a part of the event: {effect}",
            f"Change a copy, `copy.deepcopy({change.mutated_source})`, or return the new value from a step.",
        )


RULE = Rule(
    code="SG306",
    name="event-mutated",
    module=__name__,
    severity=Severity.WARNING,
    check=_check,
)
