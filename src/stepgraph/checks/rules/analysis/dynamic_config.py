"""Step configs with values that are computed at run time."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from stepgraph.checks.analysis.config_faults import config_faults
from stepgraph.checks.diagnostic import Diagnostic, Severity
from stepgraph.checks.rule import Rule

if TYPE_CHECKING:
    from stepgraph.checks.subject import WorkflowSubject


def _check(subject: WorkflowSubject) -> Iterator[Diagnostic]:
    invalid = {fault.place.span for fault in config_faults(subject)}
    for note in subject.notes_with_code("dynamic-config"):
        if note.span not in invalid:
            yield Diagnostic(note.span, note.message, note.advice)


RULE = Rule(
    code="SG005",
    name="dynamic-config",
    module=__name__,
    severity=Severity.NOTE,
    check=_check,
)
