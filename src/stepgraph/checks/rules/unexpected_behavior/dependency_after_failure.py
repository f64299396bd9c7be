"""Dependencies that may run again after a failure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from stepgraph.checks.diagnostic import Confidence, Diagnostic, Severity
from stepgraph.checks.rule import Rule

if TYPE_CHECKING:
    from stepgraph.checks.subject import WorkflowSubject

_ADVICE: Final = "If it must not run again, do not call its dependent steps after a failure."


def _check(subject: WorkflowSubject) -> Iterator[Diagnostic]:
    for note in subject.notes_with_code("dependency-after-failure"):
        yield Diagnostic(note.span, note.message, _ADVICE)


RULE = Rule(
    code="SG214",
    name="dependency-after-failure",
    module=__name__,
    severity=Severity.NOTE,
    confidence=Confidence.MEDIUM,
    check=_check,
)
