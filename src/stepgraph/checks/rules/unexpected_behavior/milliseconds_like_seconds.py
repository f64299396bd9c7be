"""Numbers of milliseconds that look like seconds."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from stepgraph.checks.analysis.duration_arguments import (
    DurationArgument,
    DurationUse,
    duration_arguments,
    with_definition,
)
from stepgraph.checks.diagnostic import Applicability, Confidence, Diagnostic, Severity, unsafe_fix
from stepgraph.checks.rule import Rule
from stepgraph.durations import SECOND, format_duration, format_in_unit, is_likely_seconds, is_number
from stepgraph.ir.values import ExternalResult
from stepgraph.syntax.edits.source_edits import Replacement

if TYPE_CHECKING:
    from stepgraph.checks.subject import WorkflowSubject

# Functions that return seconds: the qualified name, and the source that messages show.
_FUNCTIONS_OF_SECONDS: Final = {
    "datetime.timedelta().total_seconds": "total_seconds()",
    "time.time": "time.time()",
}
_EFFECTS: Final = {
    DurationUse.SLEEP: "this sleeps for",
    DurationUse.DELAY: "the retry delay is",
    DurationUse.TIMEOUT: "the step times out after",
    DurationUse.WAIT: "the wait times out after",
}
# Retry delays of a few hundred milliseconds are common.
_MIN_USUAL_DELAY: Final = 100


def _check(subject: WorkflowSubject) -> Iterator[Diagnostic]:
    for duration in duration_arguments(subject):
        for diagnostic in _check_duration(duration):
            yield with_definition(diagnostic, duration)


def _check_duration(duration: DurationArgument) -> Iterator[Diagnostic]:
    if isinstance(duration.value, ExternalResult):
        yield from _check_function(duration, duration.value.name)
    else:
        yield from _check_number(duration)


def _check_function(duration: DurationArgument, name: str) -> Iterator[Diagnostic]:
    """Check the result of an external function."""
    source = _FUNCTIONS_OF_SECONDS.get(name)
    if source is not None:
        message = f"`{source}` returns seconds, but the engine reads a number as milliseconds."
        replacement = f"int({duration.place.text} * 1000)"
        fix = unsafe_fix(Replacement(duration.place, replacement)) if duration.place.text.endswith(")") else None
        yield Diagnostic(duration.place.span, message, f"Write `{replacement}`.", fix)


def _check_number(duration: DurationArgument) -> Iterator[Diagnostic]:
    """Check a number, or a string that the engine converts to a number."""
    number = duration.milliseconds
    if number is None or (duration.text is not None and not is_number(duration.text)):
        return
    if _is_likely_seconds(duration, number):
        message = f"`{duration.place.text}` means milliseconds here, so {_EFFECTS[duration.use]} {_in_seconds(number)}."
        seconds, milliseconds = f'"{format_duration(number * SECOND)}"', f"{number:.0f} ms"
        advice = f'Write {seconds} if you mean seconds, or "{milliseconds}" if you mean milliseconds.'
        if duration.is_updated:
            seconds = f"{number * SECOND:.0f}"
            advice = f"Write `{seconds}` if you mean seconds."
        fix = unsafe_fix(Replacement(duration.place, seconds)) if is_number(duration.place.text) else None
        yield Diagnostic(duration.place.span, message, advice, fix)


def _is_likely_seconds(duration: DurationArgument, number: float) -> bool:
    """Return whether a number looks like seconds. Skip wait timeouts below 1 second, which SG110 reports."""
    if duration.use is DurationUse.WAIT and number < SECOND:
        return False
    if duration.use is DurationUse.DELAY and _MIN_USUAL_DELAY <= number < SECOND:
        return False
    return is_likely_seconds(duration.place.text, number)


def _in_seconds(milliseconds: float) -> str:
    return format_in_unit(f"{milliseconds / SECOND:g}", "second")


RULE = Rule(
    code="SG206",
    name="milliseconds-like-seconds",
    module=__name__,
    severity=Severity.WARNING,
    confidence=Confidence.MEDIUM,
    fixes=(Applicability.UNSAFE,),
    check=_check,
)
