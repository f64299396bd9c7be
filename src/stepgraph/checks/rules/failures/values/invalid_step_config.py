"""Step configs with which the step fails."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from stepgraph.checks.analysis.config_faults import config_faults
from stepgraph.checks.diagnostic import Applicability, Diagnostic, Severity
from stepgraph.checks.rule import Rule

if TYPE_CHECKING:
    from stepgraph.checks.subject import WorkflowSubject


def _check(subject: WorkflowSubject) -> Iterator[Diagnostic]:
    for fault in config_faults(subject):
        yield Diagnostic(fault.place.span, f"{fault.problem}: {fault.consequence}.", fault.advice, fault.fix)


RULE = Rule(
    code="SG108",
    name="invalid-step-config",
    module=__name__,
    severity=Severity.ERROR,
    fixes=(Applicability.SAFE, Applicability.UNSAFE),
    check=_check,
)
