"""Loops that only start one workflow instance for each item."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from stepgraph.checks.diagnostic import Confidence, Diagnostic, Severity, first_diagnostics
from stepgraph.checks.rule import Rule

if TYPE_CHECKING:
    from stepgraph.checks.subject import Trigger, WorkflowSubject
    from stepgraph.syntax.module import SourcePlace


def _check(subject: WorkflowSubject) -> Iterator[Diagnostic]:
    return first_diagnostics(
        _diagnostic(trigger, trigger.call.loop)
        for trigger in subject.triggers
        if trigger.call.loop is not None and not trigger.call.is_batch
    )


def _diagnostic(trigger: Trigger, loop: SourcePlace) -> Diagnostic:
    return Diagnostic(
        trigger.call.place.span,
        f"the loop on line {loop.span.line} starts one instance of {trigger.workflow.name} per item, each with its own"
        " request, but one request can start up to 100 instances.",
        "Collect the options in a list, and call `create_batch` with the list.",
    )


RULE = Rule(
    code="SG216",
    name="create-in-loop",
    module=__name__,
    severity=Severity.WARNING,
    confidence=Confidence.MEDIUM,
    check=_check,
)
