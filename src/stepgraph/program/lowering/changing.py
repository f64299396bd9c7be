"""What is changed in place: elements and attributes that are assigned or deleted, methods like `append`."""

from __future__ import annotations

import libcst as cst

from stepgraph.program.lowering.event_changes import change_event
from stepgraph.program.lowering.machine import Machine
from stepgraph.program.lowering.step_state import CHANGING_METHODS, attribute_bound, change
from stepgraph.program.values import (
    Alternatives,
    Collection,
    Event,
    Instance,
    Mapping,
    MethodOf,
    PartOfEvent,
    Payload,
    Value,
)
from stepgraph.syntax.module import Place


def element_changed(machine: Machine, target: cst.Subscript, owner: Value) -> None:
    """Say that an element of `owner` is assigned or deleted."""
    _changed(machine, target.value, owner, machine.place(target))


def attribute_changed(machine: Machine, target: cst.Attribute, owner: Value) -> None:
    """Say that an attribute of `owner` is assigned or deleted."""
    place = machine.place(target)
    change_event(machine, target.value, owner, place)
    attribute_bound(machine, owner, target.attr.value)
    if isinstance(owner, Instance):
        change(machine, target, owner.state.get(target.attr.value, owner), place, rebound=True)


def method_called(machine: Machine, node: cst.Call, callee: Value) -> None:
    """Say that a method is called, which may change what it is of."""
    for method in [option.value for option in callee.options] if isinstance(callee, Alternatives) else [callee]:
        if isinstance(method, MethodOf) and method.name in CHANGING_METHODS and isinstance(node.func, cst.Attribute):
            _changed(machine, node.func.value, method.receiver, machine.place(node))


def joined_in_place(machine: Machine, node: cst.AugAssign, target: Value, value: Value) -> None:
    """Say that `target += value`, or `|=`, is evaluated: it changes lists, sets and dictionaries in place."""
    if isinstance(node.operator, cst.AddAssign | cst.BitOrAssign) and isinstance(value, Collection | Mapping):
        _changed(machine, node.target, target, machine.place(node.target))


def _changed(machine: Machine, changed: cst.BaseExpression, value: Value, place: Place) -> None:
    change_event(machine, changed, value, place)
    if not isinstance(value, Event | Payload | PartOfEvent):
        change(machine, changed, value, place)
