"""Changes of the event that `run` is given: the engine gives the next run of it the event as it was."""

from __future__ import annotations

import libcst as cst

from stepgraph.program.facts import EventChanged
from stepgraph.program.lowering.machine import Machine
from stepgraph.program.values import Alternatives, Event, PartOfEvent, Payload, Value
from stepgraph.syntax.module import Place


def change_event(machine: Machine, changed: cst.BaseExpression, value: Value, place: Place) -> None:
    """Say that something in `changed`, which is `value`, is changed at a place: remembered if it is of the event."""
    if _is_of_run(value):
        machine.observe(EventChanged(machine.text(changed), place, machine.in_step))


def _is_of_run(value: Value) -> bool:
    if isinstance(value, Alternatives):
        return any(_is_of_run(option.value) for option in value.options)
    return isinstance(value, PartOfEvent) or (isinstance(value, Event | Payload) and value.of_run)
