"""Joins: the value of a slot where paths meet.

Values that differ become a `Union`; the elements of collections are united.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final, TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from stepgraph.interpreter.objects.values import (
    UNKNOWN,
    Case,
    Collection,
    Constant,
    Element,
    FunctionValue,
    Gathering,
    Mapping,
    MappingEntry,
    Nondeterministic,
    StepFunction,
    Task,
    Union,
    Unresolved,
    Value,
    changed_tasks,
    is_none,
    parts_of,
)
from stepgraph.ir.nodes import TaskId
from stepgraph.limits import Budget, Limit
from stepgraph.syntax.module import Place

# A slot is a value, or the elements of a collection: a tuple of items, entries or values.
Slot: TypeAlias = Any


# A choice among more values than this is not followed.
MOST_CASES: Final = 200


_TWO: Final = 2


# To compare two elements takes so much more than to look at one.
_COMPARISON: Final = 4


class _Missing:
    __slots__ = ()


MISSING: Final = _Missing()


class Prefix(Struct, frozen=True):
    """The elements of a collection before others were added: so many of those after it.

    To keep each list that is appended to would take the square of their number.
    """

    length: int


def weight(slot: Slot) -> int:
    """Return what it takes to look at all of a slot."""
    return len(slot) + 1 if isinstance(slot, tuple) else 1 if slot is MISSING else parts_of(slot)


def is_same(one: Slot, other: Slot) -> bool:
    """Whether two values are the same, or what one piece of code makes at two passes of a loop."""
    if isinstance(one, Element | MappingEntry) and isinstance(other, Element | MappingEntry) and one is not other:
        one, other = _present(one), _present(other)
    return one is other or bool(one == other) or (_origin(one) is not None and _origin(one) == _origin(other))


def _likeness(value: Slot) -> object:
    """Return a key that is equal for two values that are the same: few others have it, too."""
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
        case _:
            return type(value)


class Distinct:
    """A set of values: one is looked up among those that are like it."""

    def __init__(self) -> None:
        self._alike: dict[object, list[Slot]] = {}

    def add(self, value: Slot) -> bool:
        """Add a value, and return whether none of those before is the same."""
        alike = self._alike.setdefault(_likeness(value), [])
        if any(is_same(value, other) for other in alike):
            return False
        alike.append(value)
        return True


def _present(element: Element | MappingEntry) -> Element | MappingEntry:
    """Return an element as it is where it is known to be there."""
    value = changed_tasks(element.value, lambda task: task if task.on_every_path else replace(task, on_every_path=True))
    if isinstance(element, Element):
        return Element(value, element.place, element.many)
    return replace(element, value=value, maybe=False)


def _origin(value: Slot) -> object:
    """What makes values of two passes of a loop the same: steps that one declaration makes, in one execution."""
    match value:
        case StepFunction(definition=definition, function=function):
            return definition.place.node, function
        case Element(place=place, many=True) | MappingEntry(place=place, many=True):
            return place.node
        case Union(cases=cases):
            return tuple(_origin(case.value) or case.value for case in cases)
        case _:
            return None


def matters(present: Slot, value: Slot) -> bool:
    """Whether code read with `present` has to be read again with `value`. Started work only ever gets more."""
    if not isinstance(value, tuple):
        return is_relevant(value) or (not isinstance(present, tuple) and is_none(present))
    return any(not isinstance(getattr(element, "value", element), Task | TaskId) for element in _added(present, value))


def _added(present: tuple[Slot, ...], value: tuple[Slot, ...]) -> Iterator[Slot]:
    """Yield the elements of a collection that are not the same as one of those it had."""
    identities = set(map(id, present))
    by_place: dict[object, list[Slot]] = {}
    for element in present:
        by_place.setdefault(_allocation_site(element), []).append(element)
    for element in value:
        alike = () if id(element) in identities else by_place.get(_allocation_site(element), ())
        if id(element) not in identities and not any(is_same(element, other) for other in alike):
            yield element


def join_values(
    ways: Sequence[tuple[str | None, Value]], discriminant: str | None, place: Place, since: TaskId | None = None
) -> Value:
    """Return the value that is one of several, by condition.

    Work with a handle after `since` was started on its way only.
    """
    values = [value for _, value in ways]
    only_entry = discriminant is not None and len(values) == 1  # a table of one entry is a switch like any other
    if not only_entry and all(value is values[0] or value == values[0] for value in values):
        return values[0]
    if not any(value.relevant for value in values):
        return UNKNOWN
    told = [Case(condition, on_path(value, values, since)) for condition, value in ways]
    union = Union(tuple(told), discriminant, place)
    return union if union.size <= MOST_CASES else Unresolved("it may be any one of very many", place)


def on_path(value: Value, values: Sequence[Value], since: TaskId | None) -> Value:
    """Return one of several values a place may hold: awaiting it is a proof for the work only started on its way."""

    def change(task: Task) -> Task:
        only_here = since is not None and task.task_id > since
        everywhere = bool(values) and all(
            isinstance(v, Task) and v.task_id == task.task_id and v.on_every_path for v in values
        )
        return task if only_here or everywhere else replace(task, on_every_path=False)

    return changed_tasks(value, change)


def join_slot(
    budget: Budget,
    ways: Sequence[tuple[str | None, Slot]],
    discriminant: str | None,
    place: Place,
    since: TaskId | None,
) -> Slot:
    bound = [(condition, value) for condition, value in ways if value is not MISSING]
    if any(isinstance(value, tuple) for _, value in bound):
        held = [(condition, value) for condition, value in bound if isinstance(value, tuple)]
        return _join_elements(budget, [value for _, value in held], [condition for condition, _ in held], since)
    return join_values(without_partial_taint(bound), discriminant, place, since) if bound else UNKNOWN


def without_partial_taint(ways: Sequence[tuple[str | None, Value]]) -> Sequence[tuple[str | None, Value]]:
    """Return ways to a value without what is volatile on some of them only: that is not certain to be."""
    first = ways[0][1]
    if not any(isinstance(value, Nondeterministic) for _, value in ways) or all(value == first for _, value in ways):
        return ways
    return [(condition, UNKNOWN if isinstance(value, Nondeterministic) else value) for condition, value in ways]


def join_slot_values(budget: Budget, key: str, values: Sequence[Slot], place: Place, since: TaskId | None) -> Slot:
    bound = distinct(leaf for value in values for leaf in leaves(value) if leaf is not MISSING)
    if len(bound) == 1:
        return bound[0]
    if any(isinstance(value, tuple) for value in bound):
        return _join_elements(budget, [value for value in bound if isinstance(value, tuple)], (), since)
    if not any(value.relevant for value in bound):
        return UNKNOWN
    known = [on_path(value, bound, since) for value in bound if value.relevant]
    if len(known) > MOST_CASES:
        return Unresolved("it may be any one of very many", place)
    cases = [Case(callable_name(value) or f"{key} {number}", value) for number, value in enumerate(known, 1)]
    if len(known) < len(bound):
        rest = [value for value in bound if not value.relevant]
        cases.append(Case(None, rest[0] if len(rest) == 1 else UNKNOWN))
    return Union(tuple(cases), key, place)


def distinct(values: Iterable[Slot]) -> list[Slot]:
    """Return values, each once, as far as that matters.

    Two that lead to no step are as good as any number of them; so are more that do than can be told apart. The elements
    of collections are united in any case.
    """
    found: list[Slot] = []
    distinct = Distinct()
    identities: set[int] = set()
    relevant = irrelevant = 0
    for value in values:
        if id(value) in identities:
            continue
        identities.add(id(value))
        if isinstance(value, tuple):
            if not found or found[-1] != value:
                found.append(value)
            continue
        matters = is_relevant(value)
        if (relevant <= MOST_CASES if matters else irrelevant < _TWO) and distinct.add(value):
            found.append(value)
            relevant += matters
            irrelevant += not matters
    return found


def leaves(value: Slot) -> list[Slot]:
    """Return the values that a value may be: itself, or those of which it is one."""
    if isinstance(value, Union):
        return [leaf for case in value.cases for leaf in leaves(case.value)]
    return [value]


def callable_name(value: Value) -> str | None:
    """Return the name by which a callable is known, None for anything else."""
    match value:
        case StepFunction(definition=definition):
            return definition.function_name
        case FunctionValue():
            return value.name
        case _:
            return None


def _join_elements(
    budget: Budget, collections: Sequence[tuple[Any, ...]], conditions: Sequence[str | None], since: TaskId | None
) -> tuple[Any, ...]:
    """Return the elements of all, each once, in order of first appearance; of those of one origin, the newest.

    What is not in each of them may be missing; it is there under the condition of the way that added it.
    """
    elements: list[Any] = []
    ways: list[list[int]] = []
    by_place: dict[object, list[int]] = {}
    for way, collection in enumerate(collections):
        for element in collection:
            alike = by_place.setdefault(_allocation_site(element), [])
            budget.spend(Limit.JOINED, 1 + _COMPARISON * len(alike))
            index = next((i for i in alike if is_same(element, elements[i])), None)
            if index is None:
                alike.append(len(elements))
                elements.append(element)
                ways.append([way])
            else:
                if not _may_be_another(elements[index]):
                    elements[index] = element
                ways[index].append(way)
    return tuple(
        element if len(own) >= len(collections) else _missing_on(element, own, conditions, since)
        for element, own in zip(elements, ways, strict=True)
    )


def _allocation_site(element: Slot) -> object:
    """What elements that are the same have in common."""
    return element.place.node if isinstance(element, Element | MappingEntry) else None


def _may_be_another(element: Slot) -> bool:
    return (
        isinstance(element, Element | MappingEntry)
        and isinstance(element.value, Task)
        and not element.value.on_every_path
    )


def _missing_on(element: Slot, own: Sequence[int], conditions: Sequence[str | None], since: TaskId | None) -> Slot:
    """Return an element that was added on some ways only."""
    if isinstance(element, Element | MappingEntry):
        condition = conditions[own[0]] if len(own) == 1 and conditions and not element.maybe else None
        present = on_path(element.value, (), since)
        if isinstance(element, Element):
            return replace(element, value=present, maybe=True, condition=condition)
        return replace(element, value=present, maybe=True)
    return on_path(element, (), since) if isinstance(element, Task | Gathering) else element


def runs_steps(value: Slot) -> bool:
    """Whether a value, or one of the elements of a collection, can lead to a step."""
    if isinstance(value, tuple):
        return any(getattr(element, "value", UNKNOWN).relevant for element in value)
    return value is not MISSING and value.relevant


def is_relevant(value: Slot) -> bool:
    return bool(value) if isinstance(value, tuple) else value is not MISSING and value.relevant
