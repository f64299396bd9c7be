"""Changes of the event that `run` is given: the engine gives the next run of it the event as it was."""

from __future__ import annotations

import libcst as cst

from stepgraph.interpreter.interpreter import Interpreter
from stepgraph.interpreter.objects.values import Constant, Event, EventPart, Payload, Union, Value
from stepgraph.ir.facts import EventChanged, EventKey, KeyUse
from stepgraph.syntax.module import Place


def change_event(interpreter: Interpreter, changed: cst.BaseExpression, value: Value, place: Place) -> None:
    """Say that something in `changed`, which is `value`, is changed at a place: remembered if it is of the event."""
    if _is_of_run(value):
        interpreter.observe(EventChanged(interpreter.text(changed), place, interpreter.in_step))


def _is_of_run(value: Value) -> bool:
    if isinstance(value, Union):
        return any(_is_of_run(case.value) for case in value.cases)
    return isinstance(value, EventPart) or (isinstance(value, Event | Payload) and value.of_run)


def observe_key(interpreter: Interpreter, use: KeyUse, event: Value, key: Value, owner: Place, place: Place) -> None:
    """Remember what is done with a key of an event, if it is one and the key is known."""
    if isinstance(event, Event) and isinstance(key, Constant) and isinstance(key.value, str):
        interpreter.observe(EventKey(use, key.value, not event.of_run, owner, place))
