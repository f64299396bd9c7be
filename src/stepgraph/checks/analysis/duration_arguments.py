"""Durations and timestamps that a workflow passes to the engine."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterator
from enum import StrEnum
from typing import Final, assert_never

from msgspec import Struct
from msgspec.structs import replace

from stepgraph.checks.analysis.bound_values import Calls, PlacedValue, with_bound_values
from stepgraph.checks.analysis.config_faults import step_configs
from stepgraph.checks.analysis.value_kinds import describe_wrong_kind, kind_of, may_be_guarded, simple_cases
from stepgraph.checks.diagnostic import Diagnostic, RelatedLocation
from stepgraph.checks.subject import WorkflowSubject, once_per_subject
from stepgraph.durations import DurationText, as_float, parse_duration
from stepgraph.ir.facts import MethodCalled
from stepgraph.ir.static_values import StaticArgument, StaticArguments
from stepgraph.ir.values import Constant, External, ExternalResult, Moment, Template, Value
from stepgraph.syntax.module import SourcePlace
from stepgraph.syntax.step_methods import StepMethodName, is_step_method

_INFINITY = External("math.inf")

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


class DurationUse(StrEnum):
    """The use of a duration, as a phrase that follows `the` or `this`."""

    SLEEP = "sleep"
    DELAY = "retry delay"
    TIMEOUT = "step timeout"
    WAIT = "wait for an event"


def _number_of(value: Value) -> float | None:
    """Return the number that a value certainly is, or None."""
    if value == _INFINITY:
        return math.inf
    constant = value.value if type(value) is Constant else None
    return as_float(constant) if type(constant) is int or type(constant) is float else None


class DurationArgument(Struct, frozen=True):
    """A duration argument: one of its possible values, with its location."""

    use: DurationUse
    value: Value
    """The value. It is valid if it is a number of milliseconds or a string that the engine can parse."""
    place: SourcePlace
    """The location of the value."""
    use_place: SourcePlace
    """The location of the argument or config entry. It differs from `place` for the value of a variable."""
    text: str | None
    """The value if it is a string, otherwise None."""
    parsed: DurationText | None
    """The duration in `text`, or None without a string and for an invalid one."""
    number: float | None
    """The value if it is a number, otherwise None."""
    calls: Calls = ()
    """The calls that return the value from `place`."""

    @classmethod
    def of(cls, use: DurationUse, value: Value, bound: PlacedValue, use_place: SourcePlace) -> DurationArgument:
        """Return one of the possible values of an argument, parsed once for all rules."""
        text = value.value if type(value) is Constant and type(value.value) is str else None
        return cls(
            use=use,
            value=value,
            place=bound.place,
            use_place=use_place,
            text=text,
            parsed=None if text is None else parse_duration(text),
            number=_number_of(value),
            calls=bound.calls,
        )

    @property
    def milliseconds(self) -> float | None:
        """The duration in milliseconds, or None if it is unknown, blank, invalid or in an unknown unit."""
        if self.text is None:
            return self.number
        duration = self.parsed if self.text.strip() else None
        return None if duration is None or duration.unit is not None else duration.milliseconds

    @property
    def is_updated(self) -> bool:
        """Whether code computes with the variable that is the argument, as in `delay *= 2`: it cannot be a string."""
        # Imported here because it loads LibCST, which a run without findings does not need.
        from stepgraph.syntax.bound_names import is_updated_variable

        return is_updated_variable(self.use_place)


@once_per_subject
def duration_arguments(subject: WorkflowSubject) -> tuple[DurationArgument, ...]:
    """Return the durations of a workflow: method arguments first, then step configs."""
    return tuple(
        [
            DurationArgument.of(use, case, possible, place)
            for use, possible, place in (*_method_arguments(subject), *_config_entries(subject))
            for case in simple_cases(possible.value)
            if not may_be_guarded(case, possible.place)
        ]
    )


def _method_arguments(subject: WorkflowSubject) -> Iterator[tuple[DurationUse, PlacedValue, SourcePlace]]:
    for call in subject.facts_of_type(MethodCalled):
        if is_step_method(call.method):
            for use, argument in _durations_of_method(call.method, call.arguments):
                for possible in with_bound_values(subject, argument.value, argument.place):
                    yield use, possible, argument.place


def _config_entries(subject: WorkflowSubject) -> Iterator[tuple[DurationUse, PlacedValue, SourcePlace]]:
    for config in step_configs(subject):
        for entry in config.entries:
            if entry.key == "timeout":
                yield DurationUse.TIMEOUT, entry.possible, entry.place
            for inner in entry.retries:
                if inner.key == "delay":
                    yield DurationUse.DELAY, inner.possible, inner.place


def _durations_of_method(
    method: StepMethodName, arguments: StaticArguments
) -> Iterator[tuple[DurationUse, StaticArgument]]:
    match method:
        case "sleep":
            argument = arguments.find(1, "duration")
            if argument is not None and argument.keyword is None:
                yield DurationUse.SLEEP, argument
        case "wait_for_event":
            argument = arguments.find(2, "timeout")
            if argument is not None:
                yield DurationUse.WAIT, argument
        case "do" | "sleep_until":
            pass
        case _ as never:
            assert_never(never)


def with_definition(diagnostic: Diagnostic, duration: DurationArgument) -> Diagnostic:
    """Return a diagnostic about a duration with the definition of a constant as a related location.

    Findings about one constant therefore have one cause.
    """
    value, use = duration.place, duration.use_place
    if use.node is not value.node:
        related = RelatedLocation(use.span, f"`{use.brief_text}` is {value.brief_text} here")
        return replace(diagnostic, related=(*diagnostic.related, related))
    # Imported here because it loads LibCST, which a run without findings does not need.
    from stepgraph.syntax.bound_names import constant_definition

    definition = constant_definition(value)
    if definition is None:
        return diagnostic
    related = RelatedLocation(definition.span, f"`{value.text}` is assigned here")
    return replace(diagnostic, related=(related, *diagnostic.related))


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
