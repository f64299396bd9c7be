"""Numbers of milliseconds that look like seconds."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from stepgraph.checks.analysis.duration_arguments import DurationArgument, DurationUse, duration_arguments
from stepgraph.checks.analysis.durations import SECOND, format_duration, format_in_unit, is_likely_seconds, is_number
from stepgraph.checks.diagnostic import Confidence, Diagnostic, Severity
from stepgraph.checks.rule import Rule
from stepgraph.ir.values import ExternalResult

if TYPE_CHECKING:
    from stepgraph.checks.subject import WorkflowSubject

_IN_SECONDS: Final = {
    "datetime.timedelta().total_seconds": "`total_seconds()` gives seconds",
    "time.time": "`time.time()` gives seconds",
}


def _check(subject: WorkflowSubject) -> Iterator[Diagnostic]:
    for duration in duration_arguments(subject):
        match = _match(duration)
        if match is not None:
            yield match


def _match(duration: DurationArgument) -> Diagnostic | None:
    if isinstance(duration.value, ExternalResult) and duration.value.name in _IN_SECONDS:
        message = f"{_IN_SECONDS[duration.value.name]}, and the engine takes a number for milliseconds."
        return Diagnostic(duration.place.span, message, f"Write `int({duration.place.text} * 1000)`.")
    number = duration.milliseconds
    if number is None or (duration.text is not None and not is_number(duration.text)):
        return None
    if duration.use is DurationUse.WAIT and number < SECOND:
        return None  # out of bounds
    if not _is_meant_in_seconds(duration, number):
        return None
    takes = format_in_unit(f"{number:g}", "millisecond") if number < SECOND else f"{number / SECOND:g} seconds"
    message = f"a number is milliseconds, so this {duration.use} is {takes}."
    advice = f'Write "{format_duration(number * SECOND)}" if seconds are meant, and "{number:.0f} ms" if not.'
    return Diagnostic(duration.place.span, message, advice)


def _is_meant_in_seconds(duration: DurationArgument, number: float) -> bool:
    """Return whether a number looks like seconds. Delays of some hundred milliseconds before a retry are common."""
    if duration.use is DurationUse.DELAY and _FEWEST_USUAL <= number < SECOND:
        return False
    return is_likely_seconds(duration.place.text, number)


_FEWEST_USUAL: Final = 100


RULE = Rule(
    code="SG206",
    name="milliseconds-like-seconds",
    module=__name__,
    severity=Severity.WARNING,
    confidence=Confidence.MEDIUM,
    check=_check,
)
