"""The time of day in a run: a fixed start, advanced by the virtual clock."""

from __future__ import annotations

import asyncio
import datetime as dt
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType

from tests.execution.values import PyValue
from tests.execution.virtual_clock import VirtualClock

START = dt.datetime(2026, 7, 1, 12, tzinfo=dt.UTC)


_starts: list[dt.datetime] = []


def now() -> float:
    """Return the current time in seconds since the epoch."""
    return (_starts[-1] if _starts else START).timestamp() + elapsed()


@contextmanager
def start_time(start: dt.datetime | None) -> Iterator[None]:
    """Set the start time of runs within a block."""
    _starts.append(start or START)
    try:
        yield
    finally:
        _starts.pop()


def elapsed() -> float:
    """Return the seconds since the start of the run."""
    loop = _clock()
    return loop.time() if loop else 0.0


def _sleep(seconds: float) -> None:
    if loop := _clock():
        loop.advance(seconds)


def _clock() -> VirtualClock | None:
    try:
        loop = asyncio.get_running_loop()
    except RuntimeError:
        return None
    return loop if isinstance(loop, VirtualClock) else None


class _AcceptsRealInstances(type):
    """A metaclass whose classes accept instances of the real class."""

    def __instancecheck__(cls, instance: object) -> bool:
        return isinstance(instance, cls.__bases__[0])

    def __subclasscheck__(cls, subclass: type) -> bool:
        return issubclass(subclass, cls.__bases__[0])


class _Datetime(dt.datetime, metaclass=_AcceptsRealInstances):
    @classmethod
    def now(cls, tz: dt.tzinfo | None = None) -> PyValue:
        return cls.fromtimestamp(now(), tz)

    @classmethod
    def utcnow(cls) -> PyValue:
        return cls.fromtimestamp(now(), dt.UTC).replace(tzinfo=None)

    @classmethod
    def today(cls) -> PyValue:
        return cls.now()


class _Date(dt.date, metaclass=_AcceptsRealInstances):
    @classmethod
    def today(cls) -> PyValue:
        return cls.fromtimestamp(now())


def _patched_module(module: ModuleType, **changed: PyValue) -> ModuleType:
    replacement = ModuleType(module.__name__)
    replacement.__dict__.update(vars(module) | changed)
    return replacement


for _kind, _name in ((_Datetime, "datetime"), (_Date, "date")):
    _kind.__module__, _kind.__name__, _kind.__qualname__ = "datetime", _name, _name

REPLACED_MODULES = {
    "datetime": _patched_module(dt, datetime=_Datetime, date=_Date),
    "time": _patched_module(
        time, time=now, monotonic=elapsed, perf_counter=elapsed, sleep=_sleep, time_ns=lambda: int(now() * 10**9)
    ),
}
"""Replacements of modules for workflow code. The SDK and libraries use the real ones."""
