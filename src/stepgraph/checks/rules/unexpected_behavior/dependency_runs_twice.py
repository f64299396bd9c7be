"""Dependencies that the SDK runs more than once."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from stepgraph.checks.diagnostic import Diagnostic, Severity
from stepgraph.checks.rule import Rule

if TYPE_CHECKING:
    from stepgraph.checks.subject import WorkflowSubject


def _check(subject: WorkflowSubject) -> Iterator[Diagnostic]:
    for note in subject.notes_with_code("dependency-runs-twice"):
        yield Diagnostic(
            note.span,
            note.message,
            "Await it before the steps that depend on it, so that they reuse its result.",
        )


RULE = Rule(
    code="SG209",
    name="dependency-runs-twice",
    module=__name__,
    severity=Severity.WARNING,
    check=_check,
)
