"""Calls to bindings and servers outside of steps."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from stepgraph.checks.diagnostic import Confidence, Diagnostic, Severity
from stepgraph.checks.rule import Rule
from stepgraph.ir.facts import ExternalCallOutsideStep

if TYPE_CHECKING:
    from stepgraph.checks.subject import WorkflowSubject


def _check(subject: WorkflowSubject) -> Iterator[Diagnostic]:
    for call in subject.facts_of_type(ExternalCallOutsideStep):
        name = call.name.removeprefix("env.")
        yield Diagnostic(
            call.place.span,
            f"`{name}` is called outside of a step: at replay, after a sleep or restart, its effect is repeated, and"
            " its result may differ.",
            "Move the call into a step, and return the needed data from the step.",
        )


RULE = Rule(
    code="SG303",
    name="side-effect-outside-step",
    module=__name__,
    severity=Severity.WARNING,
    confidence=Confidence.MEDIUM,
    check=_check,
)
