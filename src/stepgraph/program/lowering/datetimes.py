"""Constant datetimes."""

from __future__ import annotations

import datetime as dt
from typing import Final

from stepgraph.program.lowering.machine import Machine
from stepgraph.program.values import UNKNOWN, Arguments, Constant, External, Moment, Value
from stepgraph.syntax.module import Place

_UTC: Final = frozenset({"datetime.timezone.utc", "datetime.UTC"})
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
