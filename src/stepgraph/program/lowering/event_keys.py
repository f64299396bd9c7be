"""Which keys of an event are read or written, for rules to judge."""

from __future__ import annotations

from stepgraph.program.facts import EventKey, KeyUse
from stepgraph.program.lowering.machine import Machine
from stepgraph.program.values import Constant, Event, Value
from stepgraph.syntax.module import Place


def observe_key(machine: Machine, use: KeyUse, event: Value, key: Value, owner: Place, place: Place) -> None:
    """Remember what is done with a key of an event, if it is one and the key is known."""
    if isinstance(event, Event) and isinstance(key, Constant) and isinstance(key.value, str):
        machine.observe(EventKey(use, key.value, not event.of_run, owner, place))
