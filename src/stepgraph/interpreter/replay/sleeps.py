"""Sleeps of Python and JavaScript outside of steps, which the engine does not store."""

from __future__ import annotations

from typing import Final

import libcst as cst

from stepgraph.durations import as_float
from stepgraph.interpreter.interpreter import Interpreter
from stepgraph.interpreter.values.calls import Arguments
from stepgraph.ir.replay_facts import SleepOutsideStep
from stepgraph.ir.values import Constant
from stepgraph.syntax.module import SourcePlace
from stepgraph.syntax.walk import ancestors_of

# The duration of each unit of the argument, in milliseconds.
_UNITS: Final = {"asyncio.sleep": 1000, "time.sleep": 1000, "js.scheduler.wait": 1}
_KEYWORDS: Final = {"asyncio.sleep": "delay"}


def sleep_outside_step(
    interpreter: Interpreter, name: str, arguments: Arguments, place: SourcePlace
) -> SleepOutsideStep | None:
    """Return the fact for a call that sleeps outside of steps.

    A sleep of 0 seconds or less only lets other tasks run.
    """
    if name not in _UNITS or not interpreter.replays:
        return None
    duration = arguments.find(0, _KEYWORDS.get(name, ""))
    milliseconds: float | None = None
    if duration is not None and isinstance(duration.value, Constant) and isinstance(duration.value.value, int | float):
        milliseconds = as_float(duration.value.value * _UNITS[name])
    if milliseconds is not None and milliseconds <= 0:
        return None
    return SleepOutsideStep(name, milliseconds, place, _loop_around(place), interpreter.calls)


def _loop_around(place: SourcePlace) -> SourcePlace | None:
    """Return the innermost loop around a place in its function."""
    for ancestor in ancestors_of(place.module.parents, place.node):
        if isinstance(ancestor, cst.For | cst.While):
            return SourcePlace(place.module, ancestor)
        if isinstance(ancestor, cst.FunctionDef | cst.Lambda):
            return None
    return None
