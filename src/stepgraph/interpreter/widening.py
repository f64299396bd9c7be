"""Widening: a value that still changes after several passes of a loop or recursion becomes `Unresolved`.

Data becomes unknown instead.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import chain
from typing import Final, TypeAlias

from msgspec import Struct, field
from msgspec.structs import replace

from stepgraph.interpreter.equivalence import MISSING, KnownOrigins, Slot, is_equivalent
from stepgraph.interpreter.joining import is_relevant, join_slot_values, union_values
from stepgraph.interpreter.path_joins import value_before
from stepgraph.interpreter.values.containers import Collection, Element, Mapping, MappingEntry
from stepgraph.interpreter.values.data import data_objects
from stepgraph.interpreter.values.heap_cells import MAX_SERIAL, HeapCell
from stepgraph.interpreter.values.objects import ClassValue, FunctionValue, LexicalScope, ProjectObject
from stepgraph.interpreter.values.tasks import Task
from stepgraph.interpreter.values.unions import Case, Union, as_optional
from stepgraph.interpreter.write_log import Changes, SlotChange, TaskState, WriteLog
from stepgraph.ir.await_groups import TaskId
from stepgraph.ir.values import UNKNOWN, Constant, Unresolved, Value
from stepgraph.limits import Budget, Limit
from stepgraph.syntax.module import SourcePlace

# From this pass of a loop or recursion on, values are compared by structure, so new allocations alone do not require
# another pass.
STRUCTURAL_COMPARISON_PASS: Final = 3

Contents: TypeAlias = dict[int, dict[str, Slot]]
"""The changed slots of cells, by `id` of the cell."""

_IN_LOOP: Final = "it differs in each pass of the loop"
IN_RECURSION: Final = "it differs in each call of the recursion"
# Maximum depth of nested values in a comparison. A chain that grows in each pass exceeds any depth.
_MAX_DEPTH: Final = 96
# The depth of an object or collection inside of which values are compared.
_CELL_DEPTH: Final = 4
# Number of objects that lead to the object that summarizes the rest of a growing chain.
_CHAIN_NESTING: Final = 1
# The fields that determine a class, besides its node. The others follow from them, and lead back to the class.
_FIELDS_OF_CLASS: Final = ("scope", "bases", "metaclass", "caveats", "decorator_names")
# The types of values that may lead to objects and collections.
_WITH_CELLS: Final = (
    Collection,
    Element,
    FunctionValue,
    HeapCell,
    LexicalScope,
    Mapping,
    MappingEntry,
    ProjectObject,
    Union,
    tuple,
)
# Maximum number of cases of a union whose objects are not compared.
_SMALL_UNION: Final = 4


def growing_changes(
    unstable_changes: Changes, head: Changes, end: Changes, since: int, budget: Budget, place: SourcePlace | None
) -> Changes:
    """Return the changes that would remain unstable in further passes of a loop or recursion.

    Objects, collections and functions in cells newer than the serial `since` are allocated in each pass. They are
    stable if their contents are. `head` and `end` are all changes before and after the current pass.

    If only chains of objects grow, such as a linked list, the result summarizes them at `place`: writes after which an
    object represents itself and all objects behind it. Without a place, chains are changes like others.
    """
    comparison = _Comparison(since, budget, _contents(head, since), _contents(end, since))
    compared = unstable_changes
    if comparison.has_changed_cells:
        compared = unstable_changes | {
            key: change
            for key, change in end.items()
            if key in head and change.container.serial <= since and is_relevant(change.value)
        }
    growing = comparison.changed_slots(compared, head)
    if not growing or place is None:
        return growing
    before, after, origins = comparison.before, comparison.after, comparison.origins
    summary = _Comparison(since, budget, before, after, exact=comparison, origins=origins)
    return summary.changed_slots(growing, head) or summary.merged_contents(place)


def merge_objects(changes: Changes, since: int, budget: Budget) -> Changes:
    """Return changes with one representative of the isomorphic objects that a pass of a loop has allocated in a union.

    Otherwise, a loop that replaces an object by a copy of varying origin would multiply its objects in each pass.
    """
    contents = _contents(changes, since)
    comparison = _Comparison(since, budget, contents, contents)
    merged: Changes = {}
    for key, change in changes.items():
        value = comparison.without_copies(change.value)
        merged[key] = change if value is change.value else replace(change, value=value)
    return merged


def _contents(changes: Changes, since: int) -> Contents:
    """Return the changed slots of cells newer than the serial `since`."""
    contents: Contents = {}
    for (cell, name), change in changes.items():
        if since < change.container.serial < MAX_SERIAL:
            contents.setdefault(cell, {})[name] = change.value
    return contents


def widen(change: SlotChange, place: SourcePlace, reason: str = _IN_LOOP) -> SlotChange:
    """Return a change of the same slot to an unresolved value, or to a collection with an unresolved element added.

    For data, unknown values are added instead.
    """
    is_data = data_objects(*(change.value if isinstance(change.value, tuple) else (change.value,))) is not None
    others: Value = UNKNOWN if is_data else Unresolved(reason, place)
    if not isinstance(change.value, tuple):
        values = [change.value, others] if is_data else [others]
        joined = join_slot_values(change.container.budget, change.key, values, place)
        return SlotChange(change.container, change.key, joined)
    more: Slot = Element(others, place, many=True, may_be_missing=True)
    if any(isinstance(element, MappingEntry) for element in change.value):
        more = MappingEntry(UNKNOWN, others, place, place, many=True, may_be_missing=True)
    return SlotChange(change.container, change.key, (*change.value, more))


def merge_stale_tasks(changes: Changes, first: TaskId, last: TaskId) -> Changes:
    """Return changes with one element for all tasks of earlier passes that one expression has added to a collection.

    The tasks of earlier passes have the ids after `first` up to `last`. Otherwise, a collection that each pass creates
    from the previous one would grow in every pass.
    """

    def is_stale(element: Slot) -> bool:
        return (
            isinstance(element, Element) and isinstance(element.value, Task) and first < element.value.task_id <= last
        )

    merged: Changes = {}
    for key, change in changes.items():
        merged[key] = change
        if _has_elements(change.value) and sum(map(is_stale, change.value)) > 1:
            newest = {element.place.node: element for element in change.value if is_stale(element)}
            elements = [
                replace(as_optional(element), many=True, passes=None) if is_stale(element) else element
                for element in change.value
                if not is_stale(element) or element is newest[element.place.node]
            ]
            merged[key] = SlotChange(change.container, change.key, tuple(elements))
    return merged


def merge_additions(changes: Changes, budget: Budget, place: SourcePlace) -> Changes:
    """Return changes with one element for all elements that one expression has added to a collection.

    Otherwise, attempts that rewrite elements of a collection would add elements in every attempt.
    """
    merged: Changes = {}
    for key, change in changes.items():
        merged[key] = change
        present = change.container.get(change.key)
        if _has_elements(change.value) and isinstance(present, tuple):
            identities = set(map(id, present))
            groups: dict[object, list[Slot]] = {}
            for element in change.value:
                is_present = id(element) in identities or not isinstance(element, Element)
                groups.setdefault(id(element) if is_present else element.place.node, []).append(element)
            elements = [_merge_group(group, change.key, budget, place) for group in groups.values()]
            if len(elements) < len(change.value):
                merged[key] = replace(change, value=tuple(elements))
    return merged


def _merge_group(group: list[Slot], key: str, budget: Budget, place: SourcePlace) -> Slot:
    """Return the only element of a group, or one element with the values of all elements."""
    if len(group) == 1:
        return group[0]
    budget.spend(Limit.JOINED, len(group))
    value = join_slot_values(budget, key, [element.value for element in group], place)
    return replace(as_optional(group[0]), value=value, many=True, passes=None)


def widen_appends(log: WriteLog, task: TaskState, since: int, budget: Budget) -> None:
    """Merge elements that one expression of a task has added to a collection in several evaluations of the task.

    Otherwise, concurrent tasks that append to one list would see each other's new elements in every evaluation. `since`
    is the serial of the newest cell before all tasks in flight.
    """
    comparison = _Comparison(since, budget)
    for logged in log:
        earlier = task.writes.get((logged.container.serial, logged.key))
        if earlier is not None:
            collections = [value for value in earlier.values if _has_elements(value)]
            logged.values = [
                comparison.merge_elements(value, collections) if _has_elements(value) else value
                for value in logged.values
            ]


def _has_elements(slot: Slot) -> bool:
    return isinstance(slot, tuple) and all(isinstance(element, Element | MappingEntry) for element in slot)


def _is_inexact(elements: tuple[Slot, ...]) -> bool:
    """Return whether elements have no certain positions, so that a read may result in any of them."""
    return any(isinstance(each, Element | MappingEntry) and (each.many or each.may_be_missing) for each in elements)


def _key_of(element: Element | MappingEntry) -> Value | None:
    return element.key if isinstance(element, MappingEntry) else None


def is_copy(value: Value, original: Value, since: int, budget: Budget) -> bool:
    """Return whether a value differs from an earlier one only in the evaluation that allocated its parts.

    `since` is the serial of the newest cell before both evaluations.
    """
    return _Comparison(since, budget, distinguishes_numbers=True).is_isomorphic(original, value, _MAX_DEPTH)


class _Comparison(Struct):
    """A structural comparison of values from two passes of a loop, or from two evaluations of a task."""

    since: int
    """The serial of the newest cell before the loop or the tasks."""
    budget: Budget
    before: Contents = field(default_factory=dict)
    """The contents of newer cells for the first value, where they differ from the current contents."""
    after: Contents = field(default_factory=dict)
    """The contents of newer cells for the second value."""
    distinguishes_numbers: bool = False
    """Whether different constant numbers are different values. The passes of a loop may count in them."""
    has_changed_cells: bool = False
    """Whether a cell has different contents before and after, so that a value may differ from itself."""
    open_cells: set[tuple[int, int]] = field(default_factory=set)
    """The pairs of cells, by serial, whose slots are being compared."""
    nesting: int = 0
    """The number of objects whose slots are being compared."""
    exact: _Comparison | None = None
    """The comparison without summaries, in one with summaries: contents of nested objects make no values different."""
    summarized_cells: dict[tuple[int, int], tuple[HeapCell, HeapCell]] = field(default_factory=dict)
    """The pairs of cells with different contents that a summary merges, by serials."""
    compared_cells: dict[tuple[int, int, int, int], bool] = field(default_factory=dict)
    """The results for pairs of cells, by serial, by `nesting` up to the summary of a chain, and by depth."""
    origins: KnownOrigins = field(default_factory=KnownOrigins)
    """The origins of compared values."""

    def __post_init__(self) -> None:
        self.has_changed_cells = self.before is not self.after and any(
            not is_equivalent(slots[name], value)
            for cell, slots in self.before.items()
            for name, value in self.after.get(cell, {}).items()
            if name in slots and is_relevant(value)
        )

    def changed_slots(self, changes: Changes, head: Changes) -> Changes:
        """Return the changes to a value that is not isomorphic to the value before them."""
        return {
            key: change
            for key, change in changes.items()
            if not self.is_isomorphic(value_before(key, head, change), change.value, _MAX_DEPTH)
        }

    def merged_contents(self, place: SourcePlace) -> Changes:
        """Return the writes that add the contents of each later cell in `summarized_cells` to the earlier cell."""
        changes: Changes = {}
        for cell, later_cell in self.summarized_cells.values():
            slots = _slots_of(cell, self.before)
            if cell is not later_cell:
                cell.repeated_at = place
            for key, value in _slots_of(later_cell, self.after).items():
                joined = join_slot_values(self.budget, key, [slots.get(key, MISSING), value], place)
                changes[id(cell), key] = SlotChange(cell, key, joined)
        return changes

    def without_copies(self, value: Slot) -> Slot:
        """Return a large union without the objects that are isomorphic to an earlier object of the union."""
        if not isinstance(value, Union) or len(value.cases) <= _SMALL_UNION:
            return value
        representatives: dict[object, list[Value]] = {}
        cases: list[Case] = []
        for case in value.cases:
            if isinstance(case.value, ProjectObject):
                candidates = representatives.setdefault(case.value.cls, [])
                if any(self.is_isomorphic(candidate, case.value, _MAX_DEPTH) for candidate in candidates):
                    continue
                candidates.append(case.value)
            cases.append(case)
        return value if len(cases) == len(value.cases) else replace(value, cases=tuple(cases))

    def merge_elements(self, elements: tuple[Slot, ...], earlier: Iterable[tuple[Slot, ...]]) -> tuple[Slot, ...]:
        """Return elements without isomorphic elements of the same expression, and with values from `earlier` ones."""
        representatives: dict[object, list[Slot]] = {}
        for element in chain.from_iterable(earlier):
            self._representative(element, representatives)
        merged: dict[int, Slot] = {}
        for element in elements:
            representative = self._representative(element, representatives)
            is_first = id(representative) not in merged
            merged[id(representative)] = replace(
                element if is_first else merged[id(representative)],
                value=representative.value,
                many=element.many or not is_first,
            )
        return tuple(merged.values())

    def _representative(self, element: Element | MappingEntry, representatives: dict[object, list[Slot]]) -> Slot:
        """Return the first element that is isomorphic to this one, which may be itself."""
        candidates = representatives.setdefault(element.place.node, [])
        for candidate in candidates:
            has_same_key = _key_of(candidate) == _key_of(element)
            if has_same_key and self.is_isomorphic(candidate.value, element.value, _MAX_DEPTH):
                return candidate
        candidates.append(element)
        return element

    def is_isomorphic(self, first: Slot, second: Slot, depth: int) -> bool:
        """Return whether two values differ only in the passes that allocated them.

        `first` may have more cases than `second`.
        """
        # Cells have equal old contents.
        is_same = (
            first is second
            if isinstance(first, HeapCell)
            else first is second or is_equivalent(first, second, self.origins)
        )
        may_differ = self.has_changed_cells and isinstance(first, _WITH_CELLS)
        if is_same and not may_differ:
            return True
        if isinstance(first, Union) or isinstance(second, Union):
            return all(self._is_any(union_values(first), value, depth - 1) for value in union_values(second))
        if type(first) is not type(second) or (self.distinguishes_numbers and isinstance(first, Constant)):
            return False
        if isinstance(first, LexicalScope):
            return self.is_isomorphic(first.names, second.names, depth) and self.is_isomorphic(
                first.parent, second.parent, depth
            )
        if isinstance(first, HeapCell) and (first.serial, second.serial) in self.open_cells:
            return True  # a cycle, as from a scope to a function defined in it
        if depth <= 0:
            return False
        self.budget.spend(Limit.JOINED)
        if isinstance(first, Task):
            return True
        if isinstance(first, tuple):
            return self._is_isomorphic_tuple(first, second, depth)
        if isinstance(first, HeapCell):
            return self._is_isomorphic_cell(first, second, depth)
        if isinstance(first, int | frozenset):
            return True  # numbers of executions, and task ids
        if not isinstance(first, Struct):
            return False
        if isinstance(first, ClassValue):
            return first.node is second.node and all(
                self.is_isomorphic(getattr(first, name), getattr(second, name), depth - 1) for name in _FIELDS_OF_CLASS
            )
        return all(
            self.is_isomorphic(getattr(first, name), getattr(second, name), depth - 1)
            for name in first.__struct_fields__
        )

    def _is_isomorphic_tuple(self, first: tuple[Slot, ...], second: tuple[Slot, ...], depth: int) -> bool:
        if all(isinstance(task, int) for task in (*first, *second)):
            return True  # task ids of a group, which differ in each pass
        if _is_inexact(first) and _is_inexact(second):
            return all(any(self.is_isomorphic(x, y, depth) for x in first) for y in second)
        return len(first) == len(second) and all(
            self.is_isomorphic(x, y, depth) for x, y in zip(first, second, strict=True)
        )

    def _is_any(self, values: Sequence[Slot], value: Slot, depth: int) -> bool:
        """Return whether a value is isomorphic to any of some values, preferably without a summary."""
        comparisons = (self,) if self.exact is None else (self.exact, self)
        return any(each.is_isomorphic(case, value, depth) for each in comparisons for case in values)

    def _is_isomorphic_cell(self, first: HeapCell, second: HeapCell, depth: int) -> bool:
        if min(first.serial, second.serial) <= self.since:
            return first is second
        pair = first.serial, second.serial
        compared = *pair, min(self.nesting, _CHAIN_NESTING + 1), depth
        if compared not in self.compared_cells:
            self.compared_cells[compared] = self._compare_cells(first, second, pair, depth)
        return self.compared_cells[compared]

    def _compare_cells(self, first: HeapCell, second: HeapCell, pair: tuple[int, int], depth: int) -> bool:
        slots, others = _slots_of(first, self.before), _slots_of(second, self.after)
        is_object = not any(map(_has_elements, slots.values()))
        self.open_cells.add(pair)
        self.nesting += is_object
        is_same = slots.keys() == others.keys() and all(
            self.is_isomorphic(value, others[key], depth - _CELL_DEPTH) for key, value in slots.items()
        )
        self.nesting -= is_object
        self.open_cells.discard(pair)
        if is_same or not is_object or self.nesting != _CHAIN_NESTING or self.exact is None:
            return is_same
        self.summarized_cells[pair] = first, second
        return True


def _slots_of(cell: HeapCell, contents: Contents) -> dict[str, Slot]:
    """Return the slots of a cell with its contents in one of two compared states."""
    changed = contents.get(id(cell))
    if changed is None:
        return cell
    return {name: value for name, value in {**cell, **changed}.items() if value is not MISSING}
