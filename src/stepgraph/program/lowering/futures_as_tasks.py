"""Futures of sleeps, where a task is made of a coroutine."""

from __future__ import annotations

import libcst as cst

from stepgraph.program.facts import SleepAsTask
from stepgraph.program.ir import Sleep, SleepUntil
from stepgraph.program.lowering.machine import Machine
from stepgraph.program.values import Argument, Task
from stepgraph.syntax.module import Place


def observe_sleep_as_task(machine: Machine, given: Argument, place: Place) -> None:
    """Observe what is given to a call that makes a task, if it is the future of a sleep, and no coroutine."""
    activity = machine.work.activities.get(given.value.handle) if isinstance(given.value, Task) else None
    if isinstance(activity, Sleep | SleepUntil):
        called = place.node.func if isinstance(place.node, cst.Call) else place.node
        machine.observe(SleepAsTask(activity.name, given.place, Place(place.module, called)))
