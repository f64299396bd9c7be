"""Unions of several values, and values of attributes that are set on only some paths."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import takewhile
from typing import Final

import libcst as cst
from msgspec.structs import replace

from stepgraph.interpreter.equivalence import ValueSet
from stepgraph.interpreter.joining import MAX_CASES, ExclusiveTasks, callable_name, join_values, union_values
from stepgraph.interpreter.modules.binding_order import scope_body, statement_positions
from stepgraph.interpreter.store import Store
from stepgraph.interpreter.values.containers import Collection, ContextVariable, Element, Mapping, hide_constants
from stepgraph.interpreter.values.heap_cells import HeapCell
from stepgraph.interpreter.values.objects import ClassValue, FunctionValue, LexicalScope, ProjectObject
from stepgraph.interpreter.values.tasks import Gathering, Task, TaskGroup, WaitForCall, result_of
from stepgraph.interpreter.values.unions import Case, Union, on_some_paths
from stepgraph.ir.values import UNKNOWN, UNSET, Unresolved, Value, join_taint
from stepgraph.syntax.module import SourcePlace


def union_of_values(
    values: list[Value], conditions: list[str], discriminant: str, place: SourcePlace, *, each: bool = False
) -> Value:
    """Return the union of values, or their join if none is relevant.

    With `each`, a loop takes one value in each pass.
    """
    cases: list[Case] = []
    distinct = ValueSet()
    for condition, value in zip(conditions, values, strict=True):
        nested = isinstance(value, Union)
        for leaf in union_values(value):
            if distinct.add(leaf):
                cases.append(Case(callable_name(leaf) or condition if nested else condition, leaf))
        if len(cases) > MAX_CASES:
            return Unresolved("it has too many possible values", place)
    relevant = [case.value for case in cases if case.value.relevant]
    if not relevant:
        return join_taint(values)
    if each and all(is_started(value) for value in relevant):
        if len(relevant) == 1 and _is_each(relevant[0]):
            return relevant[0]
        result = union_of_results(relevant, discriminant, place)
        return _gather_each(relevant, result)
    if len(cases) == 1:
        return cases[0].value
    cases = [replace(case, value=on_some_paths(case.value)) for case in _with_distinct_conditions(cases)]
    return Union(tuple(cases), discriminant, place)


def _with_distinct_conditions(cases: Sequence[Case]) -> Iterator[Case]:
    """Yield cases with the names of their values as conditions, where several have the same condition.

    The parameter of a function that registers its arguments, for example, is the source of each registered function.
    Objects of the same class have their numbers.
    """
    counts = Counter(case.condition for case in cases)
    names = [(counts[case.condition] > 1 and name_of(case.value)) or case.condition for case in cases]
    counts, numbers = Counter(names), Counter[str | None]()
    for case, name in zip(cases, names, strict=True):
        numbers[name] += 1
        condition = f"{name} {numbers[name]}" if name is not None and counts[name] > 1 else name
        yield case if condition == case.condition else replace(case, condition=condition)


def name_of(value: Value) -> str | None:
    """Return the name of a function or step, of a class, or of the class of an object. Return None for other values."""
    match value:
        case ClassValue(name=name) | ProjectObject(cls=ClassValue(name=name)):
            return name
        case FunctionValue(node=cst.Lambda()):
            return None
        case _:
            return callable_name(value)


def union_of_elements(
    items: Iterable[Element], place: SourcePlace, discriminant: str | None = None, *, each: bool = False
) -> Value:
    """Return the union of the values of elements. The discriminant defaults to the source of `place`."""
    elements = list(items)
    values, conditions = [item.value for item in elements], [item.place.case_text for item in elements]
    return union_of_values(values, conditions, place.text if discriminant is None else discriminant, place, each=each)


def union_with_numbers(values: list[Value], text: str, place: SourcePlace) -> Value:
    """Return the union of values. The condition of each value is its name, or else `text` with its number."""
    conditions = [callable_name(value) or f"{text} {number}" for number, value in enumerate(values, 1)]
    return union_of_values(values, conditions, place.text, place)


def union_of_results(futures: Iterable[Value], discriminant: str, place: SourcePlace) -> Value:
    """Return the union of the results of awaiting several futures."""
    results = [result_of(future) for future in futures]
    names = [callable_name(result) or discriminant for result in results]
    return union_of_values(results, names, discriminant, place)


def is_started(value: Value) -> bool:
    """Return whether a value is a started task or a future of tasks."""
    return isinstance(value, Task | Gathering) or (isinstance(value, WaitForCall) and is_started(value.inner))


def _is_each(value: Value) -> bool:
    return isinstance(value, Gathering) and value.one_per_iteration


def _gather_each(values: list[Value], result: Value) -> Gathering:
    in_turn = any(isinstance(value, Gathering) and value.in_completion_order for value in values)
    return Gathering("all", tuple(values), result=result, one_per_iteration=True, in_completion_order=in_turn)


def record_read_of_contents(store: Store, value: Value) -> None:
    """Record that a function reads the contents of a collection, or of each collection that a value may be."""
    if isinstance(value, _SHARED_CONTENTS):
        store.record_outer_read(value.state, "items")
    elif isinstance(value, Union):
        for leaf in union_values(value):
            record_read_of_contents(store, leaf)


def record_read_of_element(store: Store, value: Value) -> None:
    """Record that the current function may read the contents of a collection from outside of it, such as an element."""
    if isinstance(value, (Collection, Mapping, Union)):
        collections = (leaf for leaf in union_values(value) if isinstance(leaf, Collection | Mapping))
        serials = (leaf.state.serial for leaf in collections)
        store.reads.update((serial, "items") for serial in serials if serial < store.events.function_serial)


_SHARED_CONTENTS: Final = (Collection, Mapping, TaskGroup, ContextVariable)


def may_be_unset(value: Value) -> bool:
    """Return whether an attribute with this value is set on only some paths, or on none."""
    return value is UNSET or (type(value) is Union and any(leaf is UNSET for leaf in union_values(value)))


def may_change_order(slots: HeapCell, name: str) -> bool:
    """Return whether an assignment may put an attribute into the `__dict__` after those that follow it in the cell."""
    if not may_be_unset(slots[name]):
        return False
    later = takewhile(lambda slot: slot != name, reversed(slots))
    return len(slots) > _MAX_ORDERED_ATTRIBUTES or any(slots[slot] is not UNSET for slot in later)


_MAX_ORDERED_ATTRIBUTES: Final = 256
"""The maximum number of attributes of an object whose order is followed."""


def with_fallback(value: Value, fallback: Value | None) -> Value:
    """Return the value of an attribute, with a fallback for paths that do not set the attribute.

    Without a fallback, such paths raise an error, so only the values from the other paths remain.
    """
    if value is UNSET:
        return UNKNOWN if fallback is None else fallback
    if not isinstance(value, Union) or not may_be_unset(value):
        return value
    branches = [
        (case.condition, with_fallback(case.value, fallback))
        for case in value.cases
        if fallback is not None or case.value is not UNSET
    ]
    if not branches:  # each path deletes the attribute, or none has set it
        return UNKNOWN
    return join_values(branches, None if len(branches) == 1 else value.discriminant, value.place, ExclusiveTasks(0))


def or_unset(scope: LexicalScope, name: str, value: Value) -> Value:
    """Return the union of `UNSET` and the value that a module or class body binds to a name on only some paths."""
    binders = scope.bindings.binders[name]
    place = SourcePlace(scope.module, binders[0])
    value = hide_constants(value)
    if isinstance(value, Union):
        is_conditional = value.discriminant is None and all(case.condition is not None for case in value.cases)
        case = Case(None if is_conditional else f"{name} {len(value.cases) + 1}", UNSET)
        return Union((*value.cases, case), value.discriminant, value.place)
    position = statement_positions(scope_body(scope), scope.module).get(id(binders[0]))
    enclosing = () if position is None else position.enclosing
    if len(binders) == len(enclosing) == 1 and isinstance(enclosing[0].statement, cst.If):
        statement = enclosing[0].statement
        if enclosing[0].suite is statement.body:
            return Union((Case(scope.module.text(statement.test), value), Case(None, UNSET)), None, place)
    return Union((Case(f"{name} 1", value), Case(f"{name} 2", UNSET)), name, place)
