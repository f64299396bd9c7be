"""Assignment: to names, attributes, elements, and into the parts of a tuple."""

from __future__ import annotations

from dataclasses import replace

import libcst as cst

from stepgraph.program.lowering.arguments import collection
from stepgraph.program.lowering.machine import Machine
from stepgraph.program.lowering.names import bind
from stepgraph.program.values import (
    UNKNOWN,
    ClassValue,
    Collection,
    Constant,
    Entry,
    Instance,
    Item,
    Mapping,
    Template,
    Value,
)
from stepgraph.syntax.module import Place


def assign(machine: Machine, target: cst.BaseExpression, value: Value, source: Place | None = None) -> None:
    """Assign a value to a target. `source` is the place of the expression assigned."""
    match target:
        case cst.Name(value=name):
            bind(machine, name, value)
        case cst.Tuple(elements=elements) | cst.List(elements=elements):
            _assign_parts(machine, [element.value for element in elements], value)
        case cst.StarredElement(value=inner):
            assign(machine, inner, value)
        case cst.Attribute(value=owner, attr=attr):
            _assign_attribute(machine, machine.evaluate(owner), attr.value, value)
        case cst.Subscript():
            _assign_element(machine, target, value, source)


def _assign_parts(machine: Machine, targets: list[cst.BaseExpression], value: Value) -> None:
    items = value.items if isinstance(value, Collection) else ()
    known = bool(items) and not any(item.many for item in items)
    stars = [index for index, target in enumerate(targets) if isinstance(target, cst.StarredElement)]
    for index, target in enumerate(targets):
        if not known or (stars and index >= stars[0]):
            part: Value = _rest(machine, items) if isinstance(target, cst.StarredElement) else UNKNOWN
        else:
            part = items[index].value if index < len(items) else UNKNOWN
        assign(machine, target, part)


def _rest(machine: Machine, items: tuple[Item, ...]) -> Value:
    return collection(machine, "list", items) if items else UNKNOWN


def _assign_attribute(machine: Machine, owner: Value, name: str, value: Value) -> None:
    if isinstance(value, Template):
        value = UNKNOWN
    if isinstance(owner, Instance):
        machine.store.write(owner.state, name, value if value.relevant or _is_none(value) else UNKNOWN)
    elif isinstance(owner, ClassValue):
        machine.store.write(owner.scope.names, name, value if value.relevant else UNKNOWN)


def _is_none(value: Value) -> bool:
    return isinstance(value, Constant) and value.value is None


def _assign_element(machine: Machine, target: cst.Subscript, value: Value, source: Place | None) -> None:
    owner = machine.evaluate(target.value)
    key: Value = UNKNOWN
    key_node: cst.CSTNode = target
    for element in target.slice:
        if isinstance(element.slice, cst.Index):
            key_node = element.slice.value
            key = machine.evaluate(element.slice.value)
    place = source or machine.place(target)
    if isinstance(owner, Mapping):
        set_entry(machine, owner, key, value, machine.place(key_node), place)
    elif isinstance(owner, Collection):
        add_items(machine, owner, (Item(value, place),))


def set_entry(machine: Machine, owner: Mapping, key: Value, value: Value, key_place: Place, place: Place) -> None:
    """Set a key of a dictionary. A key that is not known adds to those there are."""
    many = machine.loop_depth > owner.loop_depth
    entry = Entry(key, value, key_place, place, many)
    kept = tuple(e for e in owner.entries if not (isinstance(key, Constant) and e.key == key))
    owner.changed = True
    machine.store.write(owner.state, "items", (*kept, entry))


def add_items(machine: Machine, owner: Collection, items: tuple[Item, ...]) -> None:
    """Add elements to a list or set; one added in a loop that the list was made outside of stands for many."""
    if machine.loop_depth > owner.loop_depth:
        items = tuple(replace(item, many=True) for item in items)
    owner.changed = True
    kept = [item for item in owner.items if not any(new.many and item.place.node is new.place.node for new in items)]
    machine.store.write(owner.state, "items", (*kept, *items))
