"""Joins of the values that a slot has on several paths, at the point where the paths merge.

Different values become a `Union`. Collections are joined element by element.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from itertools import chain
from operator import is_
from typing import Any, Final

from msgspec import Struct
from msgspec.structs import replace

from stepgraph.interpreter.equivalence import MISSING, KnownOrigins, Slot, ValueSet, bucket_key, is_equivalent
from stepgraph.interpreter.values.containers import Element, MappingEntry
from stepgraph.interpreter.values.objects import EnumMember, FunctionValue, ProjectObject
from stepgraph.interpreter.values.steps import StepFunction
from stepgraph.interpreter.values.tasks import Gathering, Task
from stepgraph.interpreter.values.unions import Case, Union, map_tasks
from stepgraph.ir.await_groups import TaskId
from stepgraph.ir.values import (
    ABSENT,
    UNKNOWN,
    External,
    Unresolved,
    Value,
    is_none,
    join_taint,
    taint_of,
)
from stepgraph.limits import Budget, Limit
from stepgraph.syntax.module import SourcePlace

# A union with more cases is `Unresolved`.
MAX_CASES: Final = 200


# The number of irrelevant values that a join needs, because two different values already result in `UNKNOWN`.
_MAX_IRRELEVANT: Final = 2


# The cost of comparing two elements, in visits of one element.
_COMPARISON_COST: Final = 4


class ExclusiveTasks(Struct, frozen=True):
    """The tasks that are pending only on those of several paths whose values hold them."""

    since: TaskId | None = None
    """The newest task before the paths; later tasks were started on only one of them. None if it is unknown."""
    covered: AbstractSet[TaskId] = frozenset()
    """The tasks that are not pending on the paths whose values lack them."""

    def __contains__(self, task_id: TaskId) -> bool:
        return (self.since is not None and task_id > self.since) or task_id in self.covered


NO_EXCLUSIVE_TASKS: Final = ExclusiveTasks()


class Prefix(Struct, frozen=True):
    """The elements of a collection before an append, stored as a prefix of the elements after the append.

    Copying the elements before each append would take quadratic memory.
    """

    length: int
    """The number of elements before the append."""


def visit_cost(slot: Slot) -> int:
    """Return the cost of visiting a slot: the number of its elements, or of the parts of its value."""
    return len(slot) + 1 if isinstance(slot, tuple) else 1 if slot is MISSING else slot.parts


def requires_new_pass(present: Slot, value: Slot) -> bool:
    """Return whether code interpreted with `present` must be interpreted again with `value`.

    Additional tasks in a collection never require that.
    """
    if not isinstance(value, tuple):
        is_absent = not isinstance(present, tuple) and is_none(present)
        return is_relevant(value) or is_absent or isinstance(present, External)
    return any(
        not isinstance(getattr(element, "value", element), Task | TaskId) for element in _added_elements(present, value)
    )


def may_change_reachable_steps(present: Slot, value: Slot) -> bool:
    """Return whether a write may change the steps that a slot leads to.

    The removal of an element on all paths does not, and neither do data and tasks added to a nonempty collection. An
    element that becomes optional does.
    """
    if is_equivalent(present, value):
        return False
    if isinstance(present, tuple) and isinstance(value, tuple):
        return bool(value) > bool(present) or any(
            has_relevant_value((element,)) and not isinstance(getattr(element, "value", element), Task)
            for element in _added_elements(present, value)
        )
    return (
        is_relevant(present)
        or is_relevant(value)
        or (isinstance(present, Value) and is_none(present))
        or isinstance(present, External)
    )


def _added_elements(present: tuple[Slot, ...], value: tuple[Slot, ...]) -> Iterator[Slot]:
    """Yield the elements of `value` that `present` lacks, or that `present` must contain and `value` may lack."""
    identities = set(map(id, present))
    by_place: dict[object, list[Slot]] = {}
    for element in present:
        by_place.setdefault(_allocation_site(element), []).append(element)
    for element in value:
        candidates = () if id(element) in identities else by_place.get(_allocation_site(element), ())
        if id(element) in identities:
            continue
        matches = [candidate for candidate in candidates if is_equivalent(element, candidate)]
        if not matches or (_may_be_missing(element) and not any(map(_may_be_missing, matches))):
            yield element


def _may_be_missing(element: Slot) -> bool:
    return isinstance(element, Element | MappingEntry) and element.may_be_missing


def join_values(
    branches: Sequence[tuple[str | None, Value]],
    discriminant: str | None,
    place: SourcePlace,
    exclusive: ExclusiveTasks = NO_EXCLUSIVE_TASKS,
) -> Value:
    """Return the join of the values on several branches, each with its condition."""
    values = [value for _, value in branches]
    if not any(value.relevant for value in values):
        return _join_data(values)
    is_one_entry_table = discriminant is not None and len(values) == 1  # remains a switch, like larger tables
    if not is_one_entry_table and all(value is values[0] or value == values[0] for value in values):
        return values[0]
    cases = [Case(condition, on_path(value, values, exclusive)) for condition, value in branches]
    union = Union(tuple(cases), discriminant, place, exclusive.since)
    return union if union.size <= MAX_CASES else Unresolved("it has too many possible values", place)


def _join_data(values: Sequence[Value]) -> Value:
    """Return the join of values that lead to no step: their common value, or unknown. A taint of any value is kept.

    Different members of one enumeration become a member with an unknown value, and any values of None become one.
    """
    first = values[0]
    if all(value is first for value in values):
        return first
    if any(taint_of(value) is not None for value in values):
        return join_taint(values)
    if all(value == first for value in values):
        return first
    if all(map(is_none, values)):
        return ABSENT
    classes = {value.cls if isinstance(value, EnumMember) else None for value in values}
    return EnumMember(first.cls) if isinstance(first, EnumMember) and len(classes) == 1 else UNKNOWN


def on_path(value: Value, values: Sequence[Value], exclusive: ExclusiveTasks) -> Value:
    """Return one of several `values`, with `on_every_path` of its tasks updated.

    An await of the union finishes a task only if the task is `exclusive`, or if all values are that task.
    """

    def update(task: Task) -> Task:
        is_in_all_values = bool(values) and all(
            isinstance(v, Task) and v.task_id == task.task_id and v.on_every_path for v in values
        )
        if is_in_all_values or task.task_id in exclusive:
            return task
        return replace(task, on_every_path=False)

    return map_tasks(value, update)


def join_slot(
    budget: Budget,
    branches: Sequence[tuple[str | None, Slot]],
    discriminant: str | None,
    place: SourcePlace,
    exclusive: ExclusiveTasks,
) -> Slot:
    """Return the join of a slot's contents on several branches, each with its condition."""
    bound = [(condition, value) for condition, value in branches if value is not MISSING]
    if any(isinstance(value, tuple) for _, value in bound):
        collections = [(condition, value) for condition, value in bound if isinstance(value, tuple)]
        if len(collections) == len(branches):
            joined = _join_alternatives(collections, discriminant, place, exclusive)
            if joined is not None:
                return joined
        conditions = [condition for condition, _ in collections]
        return _join_elements(budget, [value for _, value in collections], conditions, exclusive)
    return join_values(bound, discriminant, place, exclusive) if bound else UNKNOWN


def join_slot_values(
    budget: Budget,
    key: str,
    values: Sequence[Slot],
    place: SourcePlace,
    exclusive: ExclusiveTasks = NO_EXCLUSIVE_TASKS,
) -> Slot:
    """Return the join of the possible contents of a slot, without conditions."""
    bound = _without_duplicates(leaf for value in values for leaf in union_values(value) if leaf is not MISSING)
    if len(bound) == 1:
        return bound[0]
    if any(isinstance(value, tuple) for value in bound):
        return _join_elements(budget, [value for value in bound if isinstance(value, tuple)], (), exclusive)
    if not any(value.relevant for value in bound):
        return join_taint(bound)
    relevant = [on_path(value, bound, exclusive) for value in bound if value.relevant]
    if len(relevant) > MAX_CASES:
        return Unresolved("it has too many possible values", place)
    cases = [Case(name, value) for name, value in zip(_case_names(key, relevant), relevant, strict=True)]
    if len(relevant) < len(bound):
        irrelevant = [value for value in bound if not value.relevant]
        cases.append(Case(None, _join_data(irrelevant)))
    return Union(tuple(cases), key, place)


def _case_names(key: str, values: Sequence[Value]) -> Iterator[str]:
    """Yield the conditions of the values of a variable: names of functions, names of different classes, or numbers."""
    has_classes = len({value.cls for value in values if isinstance(value, ProjectObject)}) > 1
    counts: Counter[str] = Counter()
    for number, value in enumerate(values, 1):
        name = callable_name(value)
        if name is None and has_classes and isinstance(value, ProjectObject):
            counts[value.cls.name] += 1
            count = counts[value.cls.name]
            name = value.cls.name if count == 1 else f"{value.cls.name} {count}"
        yield name or f"{key} {number}"


def _without_duplicates(values: Iterable[Slot]) -> list[Slot]:
    """Return the values without duplicates and without values that cannot change a join.

    A join needs at most two irrelevant values and the first tainted value, and at most one more relevant value than a
    union can have. Every collection that differs from the preceding value is returned, since a join needs the elements
    of all collections.
    """
    result: list[Slot] = []
    unique = ValueSet()
    identities: set[int] = set()
    relevant_count = irrelevant_count = tainted_count = 0
    for value in values:
        if id(value) in identities:
            continue
        identities.add(id(value))
        if isinstance(value, tuple):
            if not result or result[-1] != value:
                result.append(value)
            continue
        relevant = is_relevant(value)
        tainted = not relevant and value is not MISSING and taint_of(value) is not None
        matters = relevant_count <= MAX_CASES if relevant else irrelevant_count < _MAX_IRRELEVANT
        if (matters or (tainted and not tainted_count)) and unique.add(value):
            result.append(value)
            relevant_count += relevant
            irrelevant_count += not relevant
            tainted_count += tainted
    return result


def union_values(value: Slot) -> list[Slot]:
    """Return the values of a union's cases, with nested unions flattened. For other values, return only the value."""
    if isinstance(value, Union):
        return [leaf for case in value.cases for leaf in union_values(case.value)]
    return [value]


def covers(value: Slot, part: Slot) -> bool:
    """Return whether a value includes each case of another value. A collection includes only an equal collection."""
    if isinstance(value, tuple) and isinstance(part, tuple):
        return len(value) == len(part) and all(map(_is_same_element, value, part))
    if isinstance(value, tuple) or isinstance(part, tuple):
        return False
    values = union_values(value)
    return all(any(is_equivalent(leaf, candidate) for candidate in values) for leaf in union_values(part))


def _is_same_element(first: Slot, second: Slot) -> bool:
    return first is second or (is_equivalent(first, second) and _may_be_missing(first) == _may_be_missing(second))


def callable_name(value: Value) -> str | None:
    """Return the name of a step or function. Return None for any other value."""
    match value:
        case StepFunction(definition=definition):
            return definition.function_name
        case FunctionValue():
            return value.name
        case _:
            return None


def _join_elements(
    budget: Budget,
    collections: Sequence[tuple[Any, ...]],
    conditions: Sequence[str | None],
    exclusive: ExclusiveTasks,
) -> tuple[Any, ...]:
    """Return the elements of all collections, in order of first appearance.

    Equivalent elements of different collections become one, the newest. Those of one collection stay separate, unless
    the later one is `many`. An element that some lack is `may_be_missing`, with a condition if one branch adds it. So
    is an element whose position depends on the branch, because a collection has no other mark for uncertain positions.
    """
    if all(collection is collections[0] for collection in collections):
        return collections[0]
    shared = _shared_length(collections)
    suffixes = [collection[shared:] for collection in collections]
    merged = _MergedElements(budget, collections[0][:shared], len(collections))
    if any(map(_is_many, chain.from_iterable(suffixes))):
        merged.by_place = _positions_by_site(merged.elements)
    for source, suffix in enumerate(suffixes):
        merged.add_all(source, suffix)
    elements = merged.elements
    for index in range(shared, len(elements)):
        sources = merged.sources[index]
        if len(sources) < len(collections) or index in merged.moved:
            elements[index] = _optional_element(elements[index], sources, conditions, exclusive)
    return tuple(elements)


class _MergedElements:
    """The elements of several collections in order of first appearance, each with the collections that contain it."""

    def __init__(self, budget: Budget, shared: Sequence[Slot], count: int) -> None:
        self.elements: list[Slot] = [*shared]
        self.sources: list[list[int]] = [[*range(count)]] * len(shared)
        """The numbers of the collections that contain each element."""
        self.by_place: dict[object, list[int]] = {}
        """The positions of the elements that an expression adds."""
        self.moved: set[int] = set()
        """The positions of elements that the collections have in different orders."""
        self._shared = len(shared)
        self._by_identity: dict[int, int] = {}
        self._budget = budget
        self._origins = KnownOrigins()

    def add_all(self, source: int, suffix: Sequence[Slot]) -> None:
        """Add the elements of collection `source` after those that all collections start with."""
        last = -1  # the position of the last element that all collections up to this one contain
        for element in suffix:
            index = self._position(element, source)
            if index is None:
                self._append(element, source)
                continue
            sources = self.sources[index]
            if not _is_uncertain_task(self.elements[index]):
                self.elements[index] = _as_uncertain_as(self.elements[index], element)
            if sources[-1] != source:
                sources.append(source)
                if len(sources) > source:
                    self.moved.update((index,) if index < last else ())
                    last = max(index, last)

    def _position(self, element: Slot, source: int) -> int | None:
        """Return the position of an equivalent element that this one can be, or None if it is a new element."""
        self._budget.spend(Limit.JOINED)
        index = self._by_identity.get(id(element))
        if index is not None and self.sources[index][-1] != source:
            return index
        candidates = self.by_place.get(_allocation_site(element), ())
        self._budget.spend(Limit.JOINED, _COMPARISON_COST * len(candidates))
        may_repeat = _is_many(element)
        unmatched = (i for i in candidates if may_repeat or (i >= self._shared and self.sources[i][-1] != source))
        return next((i for i in unmatched if is_equivalent(element, self.elements[i], self._origins)), None)

    def _append(self, element: Slot, source: int) -> None:
        self._by_identity[id(element)] = len(self.elements)
        self.by_place.setdefault(_allocation_site(element), []).append(len(self.elements))
        self.elements.append(element)
        self.sources.append([source])


def _shared_length(collections: Sequence[tuple[Any, ...]]) -> int:
    """Return the number of elements at the start of the first collection that all collections start with."""
    first, *others = collections
    return min([*map(is_, first, other), False].index(False) for other in others)


def _join_alternatives(
    branches: Sequence[tuple[str | None, tuple[Any, ...]]],
    discriminant: str | None,
    place: SourcePlace,
    exclusive: ExclusiveTasks,
) -> tuple[Any, ...] | None:
    """Return the elements of one collection to which each branch has added one unstarted coroutine or callable.

    The added elements become one element, whose value depends on the branch. Return None for other collections.
    """
    conditions = [condition for condition, _ in branches]
    if None in conditions[:-1] or len(set(conditions)) < len(conditions):
        return None
    if not all(elements for _, elements in branches):
        return None
    *common, first = branches[0][1]
    added: list[tuple[str | None, Value]] = []
    for condition, elements in branches:
        last = elements[-1] if len(elements) == len(common) + 1 else None
        if not isinstance(last, Element) or last.may_be_missing or last.many != first.many:
            return None
        if not all(element is shared for element, shared in zip(elements, common, strict=False)):
            return None
        if not last.value.relevant or any(isinstance(leaf, Task | Gathering) for leaf in union_values(last.value)):
            return None
        added.append((condition, last.value))
    value = join_values(added, discriminant, place, exclusive)
    if not isinstance(value, Union):
        return None
    element = Element(value, first.place, first.many)
    for index, present in enumerate(common):
        if element.many and isinstance(present, Element) and present.many and is_equivalent(present, element):
            return (*common[:index], element, *common[index + 1 :])
    return (*common, element)


def _allocation_site(element: Slot) -> object:
    """Return the expression that adds an element. Only elements from the same expression can be duplicates."""
    return element.place.node if isinstance(element, Element | MappingEntry) else bucket_key(element)


def _positions_by_site(elements: Sequence[Slot]) -> dict[object, list[int]]:
    """Return the positions of elements by allocation site."""
    positions: dict[object, list[int]] = {}
    for position, element in enumerate(elements):
        positions.setdefault(_allocation_site(element), []).append(position)
    return positions


def _as_uncertain_as(previous: Slot, element: Slot) -> Slot:
    """Return `element`, marked as `may_be_missing` if the previous element is."""
    if not _may_be_missing(previous) or _may_be_missing(element):
        return element
    if isinstance(element, Element):
        return replace(element, may_be_missing=True, condition=previous.condition)
    return replace(element, may_be_missing=True)


def _is_many(element: Slot) -> bool:
    return not isinstance(element, Element | MappingEntry) or element.many


def _is_uncertain_task(element: Slot) -> bool:
    return isinstance(element, Element | MappingEntry) and any(
        isinstance(leaf, Task) and not leaf.on_every_path for leaf in union_values(element.value)
    )


def _optional_element(
    element: Slot,
    sources: Sequence[int],
    conditions: Sequence[str | None],
    exclusive: ExclusiveTasks,
) -> Slot:
    """Return an element that only some branches add, marked as `may_be_missing`."""
    if isinstance(element, Element | MappingEntry):
        condition = conditions[sources[0]] if len(sources) == 1 and conditions and not element.may_be_missing else None
        present = on_path(element.value, (), exclusive)
        if isinstance(element, Element):
            return replace(element, value=present, may_be_missing=True, condition=condition)
        return replace(element, value=present, may_be_missing=True)
    return on_path(element, (), exclusive) if isinstance(element, Task | Gathering) else element


def has_relevant_value(value: Slot) -> bool:
    """Return whether the contents of a slot are a relevant value, or a collection with a relevant element."""
    if isinstance(value, tuple):
        return any(getattr(element, "value", UNKNOWN).relevant for element in value)
    return value is not MISSING and value.relevant


def is_relevant(value: Slot) -> bool:
    """Return whether the contents of a slot are relevant: a relevant value, or a collection with any elements."""
    return bool(value) if isinstance(value, tuple) else value is not MISSING and value.relevant
