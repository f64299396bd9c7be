"""Timestamps of `sleep_until` that fail."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Final

from msgspec import Struct

from stepgraph.checks.analysis.bound_values import with_bound_values
from stepgraph.checks.analysis.value_kinds import describe_wrong_kind, kind_of, may_be_guarded, simple_cases
from stepgraph.checks.subject import WorkflowSubject, once_per_subject
from stepgraph.ir.facts import MethodCalled
from stepgraph.ir.values import Constant, ExternalResult, Moment, Template, Value
from stepgraph.syntax.module import SourcePlace

# No Python workflow ran before this day. The current date would make findings depend on the day of the check.
_FIRST_DAY: Final = dt.datetime(2025, 1, 1, tzinfo=dt.UTC)
_FIRST_MILLISECOND: Final = _FIRST_DAY.timestamp() * 1000
# A smaller number counts as epoch seconds if they denote a time after the first day.
_MAX_SECONDS: Final = 10**11

_TAKES: Final = "`step.sleep_until` takes a datetime or epoch milliseconds"
_ADVICE: Final = "Pass a datetime in the future, or use `step.sleep` with a duration."
_CALLS_RETURNING_SECONDS: Final = frozenset(
    [
        "time.time",
        "datetime.datetime().timestamp",
        "datetime.datetime.now().timestamp",
        "datetime.datetime.utcnow().timestamp",
        "calendar.timegm",
    ]
)
_DATES: Final = ("datetime.datetime", "datetime.datetime.now", "datetime.datetime.utcnow", "datetime.date.today")
_CALLS_RETURNING_STRINGS: Final = frozenset(
    f"{date}().{method}" for date in _DATES for method in ("isoformat", "strftime", "ctime")
)


class TimestampFault(Struct, frozen=True):
    """A timestamp with which `sleep_until` fails."""

    place: SourcePlace
    """The location of the timestamp, or of the call if it has none."""
    message: str
    advice: str


@once_per_subject
def timestamp_faults(subject: WorkflowSubject) -> tuple[TimestampFault, ...]:
    """Return the missing, invalid and past timestamps of a workflow."""
    return tuple(
        fault
        for call in subject.facts_of_type(MethodCalled)
        if call.method == "sleep_until"
        for fault in _faults_of_call(subject, call)
    )


def _faults_of_call(subject: WorkflowSubject, call: MethodCalled) -> Iterator[TimestampFault]:
    timestamp = call.arguments.find(1, "timestamp")
    if timestamp is not None:
        for passed in with_bound_values(subject, timestamp.value, timestamp.place):
            for value in simple_cases(passed.value):
                yield from _faults_of_value(value, passed.place)
    elif call.arguments.whole:
        yield TimestampFault(
            call.place,
            "this sleep has no timestamp, so it fails with a TypeError.",
            'Pass a name and a time, as in `step.sleep_until("renewal", renews_at)`.',
        )


def _faults_of_value(value: Value, place: SourcePlace) -> Iterator[TimestampFault]:
    fault = _find_fault(value, place.text)
    if fault is not None and not may_be_guarded(value, place):
        yield TimestampFault(place, *fault)


def _find_fault(value: Value, source: str) -> tuple[str, str] | None:
    """Return the message and the advice for a timestamp. Return None if it is valid or unknown."""
    match value:
        case Constant(value=str(text)):
            return _find_fault_of_string(text)
        case Template():
            return f"`{source}` is a string, but {_TAKES}, so it fails.", _ADVICE
        case ExternalResult(name=name) if name in _CALLS_RETURNING_STRINGS:
            return f"`{source}` is a string, but {_TAKES}, so it fails.", "Pass the datetime itself."
        case ExternalResult(name=name) if name in _CALLS_RETURNING_SECONDS:
            message = f"`{source}` is in seconds, but {_TAKES}: the time is in 1970, so it fails."
            return message, _ADVICE
        case Constant(value=bool()):
            return f"`{source}` is a bool, but {_TAKES}, so it fails.", _ADVICE
        case Constant(value=int(number) | float(number)):
            return _find_fault_of_number(number, source)
        case Moment(text=text):
            return _find_fault_of_datetime(text)
    return _find_fault_of_other_kind(value, source)


def _find_fault_of_string(text: str) -> tuple[str, str] | None:
    if text.strip().isdecimal():
        return None  # JavaScript reads it as a number
    message = f"{text!r} is a string, but {_TAKES}, so it fails."
    try:
        dt.datetime.fromisoformat(text)
    except ValueError:
        return message, _ADVICE
    return message, f'Pass the datetime itself: `datetime.fromisoformat("{text}")`.'


def _find_fault_of_number(number: float, source: str) -> tuple[str, str] | None:
    if number >= _FIRST_MILLISECOND:
        return None
    if _FIRST_DAY.timestamp() <= number < _MAX_SECONDS:
        year = dt.datetime.fromtimestamp(number / 1000, dt.UTC).year
        message = f"`{source}` looks like epoch seconds, but {_TAKES}: the time is in {year}, so it fails."
        return message, f"Write `{source} * 1000`."
    return f"the epoch milliseconds `{source}` are in the past, so the sleep fails.", _ADVICE


def _find_fault_of_datetime(text: str) -> tuple[str, str] | None:
    moment = dt.datetime.fromisoformat(text)
    aware = moment if moment.tzinfo is not None else moment.replace(tzinfo=dt.UTC)
    return (f"`{text}` is in the past, so the sleep fails.", _ADVICE) if aware < _FIRST_DAY else None


def _find_fault_of_other_kind(value: Value, source: str) -> tuple[str, str] | None:
    kind = describe_wrong_kind(value, source)
    if kind is None or kind_of(value) == "a datetime":
        return None
    message = f"{kind}, but {_TAKES}, so it fails."
    if kind_of(value) == "a timedelta":
        return (
            message,
            f"Use `step.sleep`, or add it to a time that is the same at replay: `event['timestamp'] + {source}`.",
        )
    return message, _ADVICE
