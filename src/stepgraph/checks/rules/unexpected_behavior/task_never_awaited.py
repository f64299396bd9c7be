"""Tasks that are started and never awaited."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from stepgraph.checks.diagnostic import Confidence, Diagnostic, Severity
from stepgraph.checks.rule import Rule
from stepgraph.ir.facts import NeverAwaited

if TYPE_CHECKING:
    from stepgraph.checks.subject import WorkflowSubject


def _check(subject: WorkflowSubject) -> Iterator[Diagnostic]:
    for task in subject.facts_of_type(NeverAwaited):
        if task.work == "task":
            yield Diagnostic(
                task.place.span,
                f"`{task.place.text}` is never awaited: `run` may return before it is done, and its errors are lost.",
                "Await it before `run` returns. To run other work in parallel, assign it to a variable and await it"
                " later.",
            )


RULE = Rule(
    code="SG204",
    name="task-never-awaited",
    module=__name__,
    severity=Severity.WARNING,
    confidence=Confidence.MEDIUM,
    check=_check,
)
