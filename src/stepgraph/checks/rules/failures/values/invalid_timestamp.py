"""Timestamps of `sleep_until` that are invalid or in the past."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from stepgraph.checks.analysis.value_kinds import describe_wrong_kind, kind_of, may_be_guarded, simple_cases
from stepgraph.checks.diagnostic import Diagnostic, Severity
from stepgraph.checks.rule import Rule
from stepgraph.ir.facts import MethodCalled, StaticArgument
from stepgraph.ir.values import Constant, ExternalResult, Moment, Template, Value

if TYPE_CHECKING:
    from stepgraph.checks.subject import WorkflowSubject

# The first day of Python workflows. The current date would make findings depend on the day of the check.
_FIRST_DAY: Final = dt.datetime(2025, 1, 1, tzinfo=dt.UTC)
_FIRST_MILLISECOND: Final = _FIRST_DAY.timestamp() * 1000
# Smaller numbers are seconds if they are in the time since workflows exist.
_MOST_SECONDS: Final = 10**11

_TAKES: Final = "`step.sleep_until` takes a datetime or epoch milliseconds"
_ADVICE: Final = "Give a datetime in the future, like `datetime.now(timezone.utc) + timedelta(hours=1)`."
_SECONDS: Final = frozenset(
    [
        "time.time",
        "datetime.datetime().timestamp",
        "datetime.datetime.now().timestamp",
        "datetime.datetime.utcnow().timestamp",
        "calendar.timegm",
    ]
)
_DATES: Final = ("datetime.datetime", "datetime.datetime.now", "datetime.datetime.utcnow", "datetime.date.today")
_TEXT: Final = frozenset(f"{date}().{method}" for date in _DATES for method in ("isoformat", "strftime", "ctime"))


def _check(subject: WorkflowSubject) -> Iterator[Diagnostic]:
    for call in subject.facts_of_type(MethodCalled):
        if call.method != "sleep_until":
            continue
        timestamp = call.arguments.find(1, "timestamp")
        if timestamp is not None:
            for value in simple_cases(timestamp.value):
                yield from _of_value(timestamp, value)
        elif call.arguments.whole:
            yield Diagnostic(
                call.place.span,
                "this has no time to sleep until, so it fails with a TypeError.",
                'Give both, like `step.sleep_until("renewal", renews_at)`.',
            )


def _of_value(timestamp: StaticArgument, value: Value) -> Iterator[Diagnostic]:
    fault = _fault(value, timestamp.place.text)
    if fault is not None and not may_be_guarded(value, timestamp.place):
        yield Diagnostic(timestamp.place.span, *fault)


def _fault(value: Value, written: str) -> tuple[str, str] | None:
    match value:
        case Constant(value=str(text)):
            return _fault_of_text(text)
        case Template():
            return f"`{written}` is text, and {_TAKES}, so it fails.", _ADVICE
        case ExternalResult(name=name) if name in _TEXT:
            return f"`{written}` is text, and {_TAKES}, so it fails.", "Give the datetime itself."
        case ExternalResult(name=name) if name in _SECONDS:
            message = f"`{written}` is seconds, and {_TAKES}: this is in 1970, so it fails."
            return message, _ADVICE
        case Constant(value=bool()):
            return f"`{written}` is no time: {_TAKES}, so it fails.", _ADVICE
        case Constant(value=int(number) | float(number)):
            return _fault_of_number(number, written)
        case Moment(text=text):
            return _fault_of_moment(text)
    return _fault_of_kind(value, written)


def _fault_of_text(text: str) -> tuple[str, str] | None:
    if text.strip().isdecimal():
        return None  # JavaScript reads it as a number
    message = f"{text!r} is text, and {_TAKES}, so it fails."
    try:
        dt.datetime.fromisoformat(text)
    except ValueError:
        return message, _ADVICE
    return message, f'Give the datetime itself: `datetime.fromisoformat("{text}")`.'


def _fault_of_number(number: float, written: str) -> tuple[str, str] | None:
    if number >= _FIRST_MILLISECOND:
        return None
    if _FIRST_DAY.timestamp() <= number < _MOST_SECONDS:
        year = dt.datetime.fromtimestamp(number / 1000, dt.UTC).year
        message = f"`{written}` looks like epoch seconds, and {_TAKES}: this is in {year}, so it fails."
        return message, f"Write `{written} * 1000`."
    return f"`{written}` in epoch milliseconds is in the past, so it fails.", _ADVICE


def _fault_of_moment(text: str) -> tuple[str, str] | None:
    moment = dt.datetime.fromisoformat(text)
    aware = moment if moment.tzinfo is not None else moment.replace(tzinfo=dt.UTC)
    return (f"{text} is in the past, so it fails.", _ADVICE) if aware < _FIRST_DAY else None


def _fault_of_kind(value: Value, written: str) -> tuple[str, str] | None:
    what = describe_wrong_kind(value, written)
    if what is None or kind_of(value) == "a datetime":
        return None
    message = f"{what}, and {_TAKES}, so it fails."
    if kind_of(value) == "a timedelta":
        return message, f"Add it to a datetime, like `datetime.now(timezone.utc) + {written}`, or use `step.sleep`."
    return message, _ADVICE


RULE = Rule(
    code="SG120",
    name="invalid-timestamp",
    module=__name__,
    severity=Severity.ERROR,
    check=_check,
)
