"""Equivalence of values from different paths and passes, and sets of values that compare by it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final, TypeAlias

from msgspec import Struct, field
from msgspec.structs import replace

from stepgraph.interpreter.values.containers import Collection, Element, Mapping, MappingEntry
from stepgraph.interpreter.values.objects import FunctionValue
from stepgraph.interpreter.values.steps import Event, Payload, StepFunction
from stepgraph.interpreter.values.tasks import Gathering, Task
from stepgraph.interpreter.values.unions import Union, map_tasks
from stepgraph.ir.values import Constant, Unresolved, Value

# The contents of a slot: a value, or the elements of a collection as a tuple of elements, entries or values.
Slot: TypeAlias = Any


class _Missing:
    __slots__ = ()


# The contents of a slot that is not set.
MISSING: Final = _Missing()


class KnownOrigins(Struct):
    """The origins of values in a series of comparisons during which no cell changes."""

    _by_id: dict[int, tuple[Value, object]] = field(default_factory=dict)
    """The origins by the `id` of the value, with the value, so that no other value gets its id."""

    def of(self, value: Value) -> object:
        """Return the origin of a value, computed once."""
        # Imported here because only loops that fill collections need it.
        from stepgraph.interpreter.origins import origin_of

        entry = self._by_id.get(id(value))
        if entry is None:
            entry = self._by_id[id(value)] = value, origin_of(value)
        return entry[1]


def is_equivalent(first: Slot, second: Slot, origins: KnownOrigins | None = None) -> bool:
    """Return whether two values are equal, or come from the same code in two passes of a loop.

    Elements can be equivalent even if only one of them may be missing. `origins` remembers the origins of values.
    """
    if isinstance(first, Element | MappingEntry) and isinstance(second, Element | MappingEntry) and first is not second:
        if first.place.node is not second.place.node:
            return False
        first, second = _as_certain(first), _as_certain(second)
        if (
            isinstance(first.value, Union)
            and isinstance(second.value, Union)
            and _has_same_cases(first.value, second.value, origins)
        ):
            second = replace(second, value=first.value)
    return first is second or bool(first == second) or _has_same_declaration(first, second, origins)


def _has_same_declaration(first: Slot, second: Slot, origins: KnownOrigins | None) -> bool:
    """Return whether two values come from one declaration in two passes."""
    key = _declaration_key(first, origins)
    return key is not None and key == _declaration_key(second, origins)


def _has_same_cases(first: Union, second: Union, origins: KnownOrigins | None) -> bool:
    """Return whether two unions hold equal values on the same paths. A union itself is equal only to itself."""
    return first is second or (
        first.since == second.since and _declaration_key(first, origins) == _declaration_key(second, origins)
    )


def bucket_key(value: Slot) -> object:
    """Return a hash key for `is_equivalent`. Equivalent values have equal keys; other values rarely do."""
    match value:
        case StepFunction(definition=definition):
            return StepFunction, id(definition.place.node)
        case FunctionValue(node=node):
            return FunctionValue, id(node)
        case Task(task_id=task_id):
            return Task, task_id
        case Collection(state=state) | Mapping(state=state):
            return type(value), id(state)
        case Unresolved(place=place):
            return Unresolved, id(place.node)
        case Constant(value=constant):
            return Constant, constant
        case Element(place=place) | MappingEntry(place=place):
            return Element, id(place.node)
        case Gathering(started_tasks=started_tasks, members=members):
            return Gathering, started_tasks, tuple(each.task_id if isinstance(each, Task) else None for each in members)
        case Event(shape=shape) | Payload(shape=shape):
            return type(value), id(shape)
        case Union(cases=cases):
            # A nested union is represented by its size, because unions may share cases at every level.
            parts = (case.value for case in cases)
            return Union, *(part.size if isinstance(part, Union) else bucket_key(part) for part in parts)
        case int():  # the id of a task
            return value
        case Struct() if not value.__struct_config__.eq:
            return id(value)
        case _:
            return type(value)


class ValueSet:
    """A set of values that compares them by `is_equivalent`, with hash buckets."""

    def __init__(self, values: Iterable[Slot] = ()) -> None:
        self._buckets: dict[object, list[Slot]] = {}
        for value in values:
            self.add(value)

    def __contains__(self, value: Slot) -> bool:
        return any(is_equivalent(value, candidate) for candidate in self._bucket(value))

    def find(self, value: Slot) -> Slot:
        """Return the equivalent value in this set, or MISSING."""
        return next((candidate for candidate in self._bucket(value) if is_equivalent(value, candidate)), MISSING)

    def add(self, value: Slot) -> bool:
        """Add a value, which may be MISSING. Return False if the set already contains it."""
        bucket = self._buckets.setdefault(bucket_key(value), [])
        if any(is_equivalent(value, candidate) for candidate in bucket):
            return False
        bucket.append(value)
        return True

    def _bucket(self, value: Slot) -> Sequence[Slot]:
        return self._buckets.get(bucket_key(value), ())


def _as_certain(element: Element | MappingEntry) -> Element | MappingEntry:
    """Return an element without the marks of optional elements, as on a path that must add the element."""
    value = map_tasks(element.value, lambda task: task if task.on_every_path else replace(task, on_every_path=True))
    is_marked = element.may_be_missing or value is not element.value
    if isinstance(element, MappingEntry):
        return replace(element, value=value, may_be_missing=False) if is_marked else element
    if is_marked or element.condition is not None or element.passes is not None:
        return Element(value, element.place, element.many)
    return element


def _declaration_key(value: Slot, origins: KnownOrigins | None) -> object:
    """Return a key that the values of one declaration share across passes. Return None for other values."""
    match value:
        case StepFunction(definition=definition, function=function):
            return definition.place.node, function
        case Element(place=place, many=True) | MappingEntry(place=place, many=True):
            return place.node, (origins or KnownOrigins()).of(value.value)
        case Union(cases=cases):
            return tuple(_declaration_key(case.value, origins) or case.value for case in cases)
        case _:
            return None
