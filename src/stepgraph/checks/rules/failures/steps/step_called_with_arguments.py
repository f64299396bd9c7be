"""Steps that are called with arguments."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from stepgraph.checks.diagnostic import Diagnostic, Severity
from stepgraph.checks.rule import Rule
from stepgraph.ir.facts import StepCalled

if TYPE_CHECKING:
    from stepgraph.checks.subject import WorkflowSubject


def _check(subject: WorkflowSubject) -> Iterator[Diagnostic]:
    for call in subject.facts_of_type(StepCalled):
        place = next((argument.place for argument in call.arguments.items if not argument.star), None)
        if place is not None:
            yield Diagnostic(
                place.span,
                f"the step {call.definition.name!r} is called with `{place.text}`, but a step takes no arguments:"
                " the call fails with a TypeError.",
                "Call it without arguments: its function can read values from around it. For one step per value,"
                " declare it in a function that is given the value.",
            )


RULE = Rule(
    code="SG118",
    name="step-called-with-arguments",
    module=__name__,
    severity=Severity.ERROR,
    check=_check,
)
