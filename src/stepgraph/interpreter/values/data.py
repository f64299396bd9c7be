"""The parts that values can reach. Data are values from which neither the step object nor a step can be reached."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, TypeAlias

from msgspec import Struct

from stepgraph.interpreter.values.calls import Argument, Arguments
from stepgraph.interpreter.values.containers import Collection, Element, LazyElements, Mapping, MappingEntry
from stepgraph.interpreter.values.heap_cells import DEEPEST, MAX_SERIAL, HeapCell
from stepgraph.interpreter.values.objects import (
    ClassValue,
    DecoratingManager,
    FunctionValue,
    LexicalScope,
    ProjectObject,
)
from stepgraph.interpreter.values.steps import Event, Payload
from stepgraph.interpreter.values.unions import Case, Union
from stepgraph.ir.values import Constant, NameArgument, Unknown, Value
from stepgraph.limits import Budget, Limit
from stepgraph.syntax.module import SourcePlace

DataObject: TypeAlias = Collection | Mapping | ProjectObject
"""An object whose contents code can change."""

_MAX_PARTS: Final = 200
"""The number of parts above which a value is not searched."""
_ATOMS: Final = frozenset([Constant, Unknown])
"""The most frequent types of values without parts."""

_WITH_VALUES: Final = (
    Argument,
    Arguments,
    Case,
    DecoratingManager,
    Element,
    LazyElements,
    LexicalScope,
    MappingEntry,
    Value,
)
"""The types whose fields hold values."""


def data_objects(*slots: object) -> list[DataObject] | None:
    """Return the objects that values can reach. Return None if they may lead to a step, or have too many parts.

    A function outside of other functions is data if its defaults and bound arguments are data, because it reaches steps
    only through its arguments or through modules. A class, whose attributes code may set, and the event, whose reads
    the graph shows, are not data.
    """
    objects: dict[int, DataObject] = {}
    pending = list(slots)
    size = len(pending)  # of `objects` and `pending`
    while pending:
        slot = pending.pop()
        size -= 1
        parts: Iterable[object] | None = ()
        if type(slot) not in _ATOMS:
            if isinstance(slot, (Collection, Mapping, ProjectObject)):
                if slot.state.serial in objects:
                    continue
                objects[slot.state.serial] = slot
                size += 1
            parts = _parts(slot)
        if parts is None or size > _MAX_PARTS:
            return None
        if parts:
            pending.extend(parts)
            size = len(objects) + len(pending)
    return list(objects.values())


def is_data_container(value: Value) -> bool:
    """Return whether a value is a collection or dictionary that leads to no step."""
    return isinstance(value, Collection | Mapping) and data_objects(value) is not None


def is_event_data(value: Value, depth: int = DEEPEST) -> bool:
    """Return whether a value consists of data of the event and of other values that lead to no step."""
    match value:
        case Event() | Payload():
            return True
        case Union(cases=cases):
            return all(is_event_data(case.value, depth) for case in cases)
        case Collection(lazy=None) | Mapping(default_factory=None) if depth:
            elements = value.state.elements()
            return len(elements) <= _MAX_PARTS and all(is_event_data(each.value, depth - 1) for each in elements)
        case _:
            return not value.relevant


def new_plain_data(value: Value, since: int) -> bool:
    """Return whether a value consists of untainted data and of collections of it newer than the serial `since`."""
    collections: set[int] = set()
    pending = [value]
    while pending:
        if len(collections) + len(pending) > _MAX_PARTS:
            return False
        part = pending.pop()
        match part:
            case Union(cases=cases):
                pending.extend(case.value for case in cases)
            case Collection(lazy=None, state=state) | Mapping(default_factory=None, state=state):
                if not since < state.serial < MAX_SERIAL:
                    return False
                if state.serial not in collections:
                    collections.add(state.serial)
                    pending.extend(value for element in state.elements() for value in _values_of(element))
            case _ if part.relevant or part.tainted:
                return False
    return True


def _values_of(element: Element | MappingEntry) -> tuple[Value, ...]:
    return (element.key, element.value) if isinstance(element, MappingEntry) else (element.value,)


def _parts(slot: object) -> Iterable[object] | None:
    """Return the parts of a value or element. Return None if it may lead to a step."""
    match slot:
        case Element(value=value):
            return (value,)
        case MappingEntry(key=key, value=value):
            return (key, value)
        case Collection(lazy=None, state=state):
            return state.contents
        case Mapping(state=state, default_factory=factory):
            return state.contents if factory is None else (*state.contents, factory)
        case ProjectObject(cls=cls, state=state):
            return None if cls.scope.is_local else state.values()
        case Union(cases=cases):
            return (case.value for case in cases)
        case FunctionValue(scope=scope) if not scope.is_local:
            direct = (slot.receiver, slot.wrapped, slot.setter, slot.deleter, slot.cache, slot.implementations)
            named = (value for _, value in (*slot.keywords, *slot.defaults))
            managers = (each.manager for each in slot.managers)
            return (part for part in (*direct, *slot.positional, *named, *managers) if part is not None)
        case Event() | Payload() | ClassValue():
            return None
        case Value():
            return None if slot.relevant and not isinstance(slot, NameArgument) else ()
        case _:
            return None


def reachable_cells(slots: Iterable[object], since: int, budget: Budget) -> dict[int, HeapCell]:
    """Return the cells that values reach, by `id`, without the contents of cells up to the serial `since`."""
    cells: dict[int, HeapCell] = {}
    visited: dict[int, object] = {}
    pending = list(slots)
    while pending:
        slot = pending.pop()
        if isinstance(slot, tuple):
            pending.extend(slot)
        elif isinstance(slot, HeapCell):
            if id(slot) not in cells:
                cells[id(slot)] = slot
                pending.extend(slot.values() if since < slot.serial < MAX_SERIAL else ())
        elif isinstance(slot, _WITH_VALUES) and isinstance(slot, Struct) and id(slot) not in visited:
            visited[id(slot)] = slot
            budget.spend(Limit.JOINED)
            pending.extend(getattr(slot, name) for name in slot.__struct_fields__)
    return cells


def mark_repeated(values: Iterable[Value], since: int, place: SourcePlace, budget: Budget) -> None:
    """Record that each object represents one of each loop pass. `since` is the newest serial before the loop."""
    for cell in reachable_cells(values, since, budget).values():
        if since < cell.serial < MAX_SERIAL:
            cell.repeated_at = place
