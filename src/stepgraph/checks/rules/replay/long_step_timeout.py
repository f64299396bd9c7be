"""Step timeouts above the recommended maximum."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from stepgraph.checks.analysis.duration_arguments import DurationUse, duration_arguments
from stepgraph.checks.diagnostic import Confidence, Diagnostic, Severity
from stepgraph.checks.rule import Rule
from stepgraph.durations import MINUTE, format_duration

if TYPE_CHECKING:
    from stepgraph.checks.subject import WorkflowSubject

_MAX_RECOMMENDED: Final = 30 * MINUTE


def _check(subject: WorkflowSubject) -> Iterator[Diagnostic]:
    for duration in duration_arguments(subject):
        length = duration.milliseconds if duration.use is DurationUse.TIMEOUT else None
        if length is not None and length > _MAX_RECOMMENDED:
            yield Diagnostic(
                duration.place.span,
                f"this step may run for {format_duration(length)}, but Cloudflare recommends 30 minutes or less: an"
                " interrupted attempt starts again from the beginning.",
                'Write "30 minutes" or less, and split the work into several steps. Wait for outside work with'
                " `step.wait_for_event`.",
            )


RULE = Rule(
    code="SG309",
    name="long-step-timeout",
    module=__name__,
    severity=Severity.WARNING,
    confidence=Confidence.MEDIUM,
    check=_check,
)
