"""Constant datetimes and timedeltas."""

from __future__ import annotations

import datetime as dt
from typing import Final

from stepgraph.interpreter.interpreter import Machine
from stepgraph.interpreter.objects.values import (
    UNKNOWN,
    Arguments,
    Constant,
    Duration,
    External,
    Foreign,
    Moment,
    Value,
)
from stepgraph.interpreter.python.constants import TIMEDELTA
from stepgraph.syntax.module import Place

_UTC: Final = frozenset({"datetime.timezone.utc", "datetime.UTC"})
_UNITS: Final = ("days", "seconds", "microseconds", "milliseconds", "minutes", "hours", "weeks")
_FIELDS: Final = ("year", "month", "day", "hour", "minute", "second", "microsecond")


def moment(machine: Machine, arguments: Arguments, place: Place) -> Value:
    """Return what `datetime.datetime(...)` of constants makes, UNKNOWN for anything else."""
    del machine, place
    fields: dict[str, int] = {}
    zone: dt.timezone | None = None
    names = iter((*_FIELDS, "tzinfo"))
    for argument in arguments.items:
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
        made = dt.datetime(**fields, tzinfo=zone)
    except (TypeError, ValueError, OverflowError):
        return UNKNOWN
    return Moment(made.isoformat())


def duration(machine: Machine, arguments: Arguments, place: Place) -> Value:
    """Return what `datetime.timedelta(...)` makes, in milliseconds where it is of constants."""
    del machine, place
    units: dict[str, float] = {}
    names = iter(_UNITS)
    for argument in arguments.items:
        name = argument.keyword or next(names, "")
        match argument.value:
            case Constant(value=int(number) | float(number)) if name in _UNITS and not argument.star:
                units[name] = number
            case _:
                return Foreign(TIMEDELTA)
    try:
        return Duration(dt.timedelta(**units) / dt.timedelta(milliseconds=1))
    except (ValueError, OverflowError):
        return Foreign(TIMEDELTA)
