"""Models of `datetime.datetime` and `datetime.timedelta`."""

from __future__ import annotations

import datetime as dt
from typing import Final

from stepgraph.interpreter.library.models import LibraryCall, models
from stepgraph.interpreter.python.constants import TIMEDELTA
from stepgraph.ir.values import UNKNOWN, Constant, Duration, External, ExternalResult, Moment, Value

_UTC: Final = frozenset({"datetime.timezone.utc", "datetime.UTC"})
_UNITS: Final = ("days", "seconds", "microseconds", "milliseconds", "minutes", "hours", "weeks")
_FIELDS: Final = ("year", "month", "day", "hour", "minute", "second", "microsecond")


@models("datetime.datetime")
def _datetime(call: LibraryCall) -> Value:
    """Evaluate `datetime.datetime(...)` with constant arguments. Return UNKNOWN if an argument is not constant."""
    fields: dict[str, int] = {}
    zone: dt.timezone | None = None
    names = iter((*_FIELDS, "tzinfo"))
    for argument in call.arguments.items:
        name = argument.keyword or next(names, "")
        match argument.value:
            case External(name=utc) if name == "tzinfo" and utc in _UTC:
                zone = dt.UTC
            case Constant(value=None) if name == "tzinfo":
                zone = None
            case Constant(value=int(number)) if name in _FIELDS and not argument.star:
                fields[name] = number
            case _:
                return UNKNOWN
    try:
        value = dt.datetime(**fields, tzinfo=zone)
    except (TypeError, ValueError, OverflowError):
        return UNKNOWN
    return Moment(value.isoformat())


@models("datetime.timedelta")
def _timedelta(call: LibraryCall) -> Value:
    """Evaluate `datetime.timedelta(...)`. If its arguments are constant, the result is a number of milliseconds."""
    units: dict[str, float] = {}
    names = iter(_UNITS)
    for argument in call.arguments.items:
        name = argument.keyword or next(names, "")
        match argument.value:
            case Constant(value=int(number) | float(number)) if name in _UNITS and not argument.star:
                units[name] = number
            case _:
                return ExternalResult(TIMEDELTA)
    try:
        return Duration(dt.timedelta(**units) / dt.timedelta(milliseconds=1))
    except (ValueError, OverflowError):
        return ExternalResult(TIMEDELTA)
