"""Mutations of the event of `run`, and uses of its keys. Each replay receives the original event."""

from __future__ import annotations

import libcst as cst

from stepgraph.interpreter.interpreter import Interpreter
from stepgraph.interpreter.values.steps import Event, EventPart, Payload
from stepgraph.interpreter.values.unions import Union
from stepgraph.ir.facts import EventKeyAccess, EventMutated, KeyUse
from stepgraph.ir.values import Constant, Value
from stepgraph.syntax.module import Place


def observe_event_change(interpreter: Interpreter, target: cst.BaseExpression, value: Value, place: Place) -> None:
    """Observe a change of the event of `run`. `target` is the changed expression, `value` its value."""
    if _is_run_event(value):
        interpreter.observe(EventMutated(interpreter.text(target), place, interpreter.in_step))


def _is_run_event(value: Value) -> bool:
    if isinstance(value, Union):
        return any(_is_run_event(case.value) for case in value.cases)
    return isinstance(value, EventPart) or (isinstance(value, Event | Payload) and value.is_run_event)


def observe_event_key(
    interpreter: Interpreter, use: KeyUse, event: Value, key: Value, owner: Place, place: Place
) -> None:
    """Observe a use of a constant key of an event."""
    if isinstance(event, Event) and isinstance(key, Constant) and isinstance(key.value, str):
        interpreter.observe(EventKeyAccess(use, key.value, not event.is_run_event, owner, place))
