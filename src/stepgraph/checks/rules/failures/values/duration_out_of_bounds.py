"""Durations beyond the bounds of the engine."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from stepgraph.checks.analysis.duration_arguments import DurationArgument, DurationUse, duration_arguments
from stepgraph.checks.analysis.durations import DAY, SECOND, format_duration, is_number
from stepgraph.checks.diagnostic import Diagnostic, Severity
from stepgraph.checks.rule import Rule

if TYPE_CHECKING:
    from stepgraph.checks.subject import WorkflowSubject

_LONGEST: Final = 365 * DAY
_SHORTEST_WAIT: Final = SECOND
_DELAY: Final = "Write 0, or the delay that is meant."


def _check(subject: WorkflowSubject) -> Iterator[Diagnostic]:
    for duration in duration_arguments(subject):
        match = _match(duration)
        if match is not None:
            yield match


def _match(duration: DurationArgument) -> Diagnostic | None:
    length = duration.milliseconds
    match duration.use:
        case DurationUse.WAIT if duration.number == 0 or duration.text == "":
            return _of_no_timeout(duration)
        case _ if length is None:
            return None
        case DurationUse.SLEEP:
            return _of_sleep(duration, length)
        case DurationUse.WAIT:
            return _of_wait(duration, length)
        case DurationUse.TIMEOUT:
            return _of_timeout(duration, length)
        case DurationUse.DELAY:
            return _of_delay(duration, length)


def _of_sleep(duration: DurationArgument, length: float) -> Diagnostic | None:
    if length < 0:
        message = f"this sleep is negative (`{duration.place.text}`), so it waits for nothing."
        advice = "Write how long to sleep from now on."
        return Diagnostic(duration.place.span, message, advice, severity=Severity.WARNING)
    if length > _LONGEST:
        message = f"this sleep {_lasts(length)}, and the engine allows 365 days, so it fails."
        return Diagnostic(duration.place.span, message, 'Write "365 days" or less, or sleep several times in a row.')
    return None


def _of_wait(duration: DurationArgument, length: float) -> Diagnostic | None:
    if length > _LONGEST:
        message = f"this timeout {_lasts(length)}, and the engine allows 365 days, so the wait fails."
        return Diagnostic(duration.place.span, message, 'Write "365 days" or less.')
    if length < _SHORTEST_WAIT:
        message = f"this timeout is {_milliseconds(length)}, and the engine wants at least 1 second, so the wait fails."
        return Diagnostic(duration.place.span, message, _longer(duration, length))
    return None


def _of_timeout(duration: DurationArgument, length: float) -> Diagnostic | None:
    is_text = duration.text is not None
    if length > 0 and (is_text or length != math.inf):
        return None
    message = f"the step timeout `{duration.place.text}` leaves a step no time: each attempt of it times out."
    if not is_text or (length == 0 and is_number(duration.text or "")):
        message = f"the engine refuses the step timeout `{duration.place.text}`, so the step fails for good."
    return Diagnostic(duration.place.span, message, "Leave it out for the default of 10 minutes, or write another one.")


def _of_delay(duration: DurationArgument, length: float) -> Diagnostic | None:
    """Check a delay. The rule on configs reports negative numbers; text is parsed only before a retry."""
    if length == math.inf:
        message = f"the retry delay `{duration.place.text}` never ends, so retries fail."
        return Diagnostic(duration.place.span, message, _DELAY)
    if length < 0 and duration.text is not None:
        message = f"the retry delay {duration.text!r} is negative, so retries fail."
        return Diagnostic(duration.place.span, message, _DELAY)
    return None


def _longer(duration: DurationArgument, length: float) -> str:
    if duration.number is not None and length > 0:
        return f'A number is milliseconds; write "{format_duration(length * SECOND)}" if it is meant in seconds.'
    return 'Write "1 second" or more.'


def _of_no_timeout(duration: DurationArgument) -> Diagnostic:
    """Check a timeout that the engine accepts but ignores because it is empty."""
    message = f"the timeout `{duration.place.text}` counts as none given, so this waits for 24 hours."
    advice = 'Write "1 second" for the shortest wait, or leave it out for 24 hours.'
    return Diagnostic(duration.place.span, message, advice, severity=Severity.WARNING)


def _lasts(length: float) -> str:
    return "has no end" if length == math.inf else f"is {length / DAY:g} days long"


def _milliseconds(length: float) -> str:
    return f"{length:g} ms"


RULE = Rule(
    code="SG110",
    name="duration-out-of-bounds",
    module=__name__,
    severity=Severity.ERROR,
    check=_check,
)
