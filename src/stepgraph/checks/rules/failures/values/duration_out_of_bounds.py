"""Durations that are too long or too short for the engine."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from stepgraph.checks.analysis.duration_arguments import (
    DurationArgument,
    DurationUse,
    duration_arguments,
    with_definition,
)
from stepgraph.checks.diagnostic import Diagnostic, Severity
from stepgraph.checks.rule import Rule
from stepgraph.durations import DAY, SECOND, format_duration, is_number

if TYPE_CHECKING:
    from stepgraph.checks.subject import WorkflowSubject

_MAX_DURATION: Final = 365 * DAY
_MIN_WAIT: Final = SECOND
_DELAY_ADVICE: Final = "Write 0 or a positive delay."


def _check(subject: WorkflowSubject) -> Iterator[Diagnostic]:
    for duration in duration_arguments(subject):
        diagnostic = _check_duration(duration)
        if diagnostic is not None:
            yield with_definition(diagnostic, duration)


def _check_duration(duration: DurationArgument) -> Diagnostic | None:
    length = duration.milliseconds
    match duration.use:
        case DurationUse.WAIT if duration.number == 0 or duration.text == "":
            return _diagnostic_of_empty_timeout(duration)
        case _ if length is None:
            return None
        case DurationUse.SLEEP:
            return _check_sleep(duration, length)
        case DurationUse.WAIT:
            return _check_wait(duration, length)
        case DurationUse.TIMEOUT:
            return _check_timeout(duration, length)
        case DurationUse.DELAY:
            return _check_delay(duration, length)


def _check_sleep(duration: DurationArgument, length: float) -> Diagnostic | None:
    if length < 0:
        message = f"negative duration `{duration.place.text}`: this sleep ends immediately."
        advice = "Write a positive duration."
        return Diagnostic(duration.place.span, message, advice, severity=Severity.WARNING)
    if length > _MAX_DURATION:
        message = f"this sleep {_lasts(length)}, but the engine allows at most 365 days: it fails."
        return Diagnostic(duration.place.span, message, 'Write "365 days" or less, or sleep several times in a row.')
    return None


def _check_wait(duration: DurationArgument, length: float) -> Diagnostic | None:
    if length > _MAX_DURATION:
        message = f"this timeout {_lasts(length)}, but the engine allows at most 365 days: the wait fails."
        return Diagnostic(duration.place.span, message, 'Write "365 days" or less.')
    if length < _MIN_WAIT:
        message = f"this timeout is {length:g} ms, but the engine requires at least 1 second: the wait fails."
        return Diagnostic(duration.place.span, message, _advice_on_short_timeout(duration, length))
    return None


def _check_timeout(duration: DurationArgument, length: float) -> Diagnostic | None:
    is_text = duration.text is not None
    if length > 0 and (is_text or length != math.inf):
        return None
    message = f"the step timeout `{duration.place.text}` leaves the step no time: each attempt times out."
    if not is_text or (length == 0 and is_number(duration.text or "")):
        message = f"invalid step timeout `{duration.place.text}`: the engine rejects it, and the step never runs."
    return Diagnostic(
        duration.place.span, message, "Remove the key for the default of 10 minutes, or write a longer timeout."
    )


def _check_delay(duration: DurationArgument, length: float) -> Diagnostic | None:
    """Check a retry delay, which the engine parses only before a retry. SG108 reports negative numbers."""
    if length == math.inf:
        message = f"infinite retry delay `{duration.place.text}`: retries fail."
        return Diagnostic(duration.place.span, message, _DELAY_ADVICE)
    if length < 0 and duration.text is not None:
        message = f"negative retry delay {duration.text!r}: retries fail."
        return Diagnostic(duration.place.span, message, _DELAY_ADVICE)
    return None


def _advice_on_short_timeout(duration: DurationArgument, length: float) -> str:
    if duration.number is not None and length > 0:
        milliseconds = length * SECOND
        correction = f"`{milliseconds:.0f}`" if duration.is_updated else f'"{format_duration(milliseconds)}"'
        return f"Numbers are milliseconds. Write {correction} if you mean seconds."
    return 'Write "1 second" or more.'


def _diagnostic_of_empty_timeout(duration: DurationArgument) -> Diagnostic:
    """Return the diagnostic for a wait timeout that the engine accepts but ignores: 0 or empty text."""
    message = f"the engine ignores the timeout `{duration.place.text}`: this waits for 24 hours."
    advice = 'Write "1 second" for the shortest wait, or remove the timeout for 24 hours.'
    return Diagnostic(duration.place.span, message, advice, severity=Severity.WARNING)


def _lasts(length: float) -> str:
    """Return a predicate that states a duration in days."""
    return "is infinite" if length == math.inf else f"is {length / DAY:g} days long"


RULE = Rule(
    code="SG110",
    name="duration-out-of-bounds",
    module=__name__,
    severity=Severity.ERROR,
    check=_check,
)
