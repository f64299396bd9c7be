"""Missing, invalid or past timestamps of `sleep_until`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from stepgraph.checks.analysis.duration_arguments import timestamp_faults
from stepgraph.checks.diagnostic import Diagnostic, Severity
from stepgraph.checks.rule import Rule

if TYPE_CHECKING:
    from stepgraph.checks.subject import WorkflowSubject


def _check(subject: WorkflowSubject) -> Iterator[Diagnostic]:
    for fault in timestamp_faults(subject):
        yield Diagnostic(fault.place.span, fault.message, fault.advice)


RULE = Rule(
    code="SG120",
    name="invalid-timestamp",
    module=__name__,
    severity=Severity.ERROR,
    check=_check,
)
