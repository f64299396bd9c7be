"""Sleeps whose duration or end changes at replay."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from stepgraph.checks.analysis.duration_arguments import timestamp_faults
from stepgraph.checks.analysis.steps import NondeterministicLength, SleepMethod, nondeterministic_lengths
from stepgraph.checks.diagnostic import Applicability, Diagnostic, Severity, safe_fix
from stepgraph.checks.rule import Rule
from stepgraph.durations import format_duration
from stepgraph.syntax.edits.source_edits import Replacement

if TYPE_CHECKING:
    from stepgraph.checks.subject import WorkflowSubject

_LENGTHS: Final[dict[SleepMethod, str]] = {"sleep": "duration", "sleep_until": "time"}
_ADVICE: Final[dict[SleepMethod, str]] = {
    "sleep": "Compute the duration in a step, and pass its result.",
    "sleep_until": "Use `step.sleep` with a fixed duration, or with milliseconds that a step computes.",
}


def _check(subject: WorkflowSubject) -> Iterator[Diagnostic]:
    """Skip timestamps that fail anyway: SG120 reports these."""
    failing = {fault.place for fault in timestamp_faults(subject)}
    for length in nondeterministic_lengths(subject):
        if length.argument.place not in failing:
            yield _diagnostic(length)


def _diagnostic(length: NondeterministicLength) -> Diagnostic:
    span, advice = length.argument.place.span, _ADVICE[length.method]
    subject = f"this {_LENGTHS[length.method]} depends on `{length.source.place.text}`"
    if length.source.has_fixed_end:
        # No harm is certain: the engine ends a sleep without a positive duration at once.
        message = f"{subject}: at replay, the instance sleeps again until the same end."
        return Diagnostic(span, message, advice, severity=Severity.NOTE)
    message = (
        f"{subject} and changes at replay: the engine finds sleeps by name and duration, so the instance sleeps again"
        " each time it resumes."
    )
    sleep = _fixed_sleep(length)
    if sleep is None:
        return Diagnostic(span, message, advice)
    return Diagnostic(span, message, f"Write `{sleep}`.", safe_fix(Replacement(length.call.place, sleep)))


def _fixed_sleep(length: NondeterministicLength) -> str | None:
    """Return the call of `step.sleep` that replaces `sleep_until` at the current time plus a constant duration."""
    call, offset = length.call, length.source.offset
    name = call.arguments.find(0, "name")
    owner = call.place.text.partition(".sleep_until(")[0]
    if offset is None or offset <= 0 or name is None or not call.arguments.whole or "#" in call.place.text:
        return None
    if not all(map(str.isidentifier, owner.split("."))) or length.source.sum_place != length.argument.place:
        return None
    if not length.argument.place.span.encloses(length.source.place.span):
        return None
    return f'{owner}.sleep({name.place.text}, "{format_duration(offset)}")'


RULE = Rule(
    code="SG310",
    name="nondeterministic-duration",
    module=__name__,
    severity=Severity.WARNING,
    fixes=(Applicability.SAFE,),
    check=_check,
)
