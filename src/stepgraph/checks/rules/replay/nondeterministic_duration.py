"""Sleeps whose duration or end changes at replay."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from stepgraph.checks.analysis.steps import nondeterministic_durations
from stepgraph.checks.analysis.timestamps import timestamp_faults
from stepgraph.checks.diagnostic import Diagnostic, Severity
from stepgraph.checks.rule import Rule

if TYPE_CHECKING:
    from stepgraph.checks.subject import WorkflowSubject

_WHAT = {"sleep": "duration", "sleep_until": "time"}
_ADVICE = {
    "sleep": "Compute the duration in a step, and pass its result.",
    "sleep_until": "Use `step.sleep` with a fixed duration, or compute the time in a step, and pass its result.",
}


def _check(subject: WorkflowSubject) -> Iterator[Diagnostic]:
    """Skip timestamps that fail anyway: SG120 reports these."""
    failing = {fault.place for fault in timestamp_faults(subject)}
    for method, place, source in nondeterministic_durations(subject):
        if place in failing:
            continue
        yield Diagnostic(
            place.span,
            f"this {_WHAT[method]} depends on `{source.text}` and changes at replay: the engine finds sleeps by name"
            " and duration, so the instance sleeps again each time it resumes.",
            _ADVICE[method],
        )


RULE = Rule(
    code="SG310",
    name="nondeterministic-duration",
    module=__name__,
    severity=Severity.WARNING,
    check=_check,
)
