"""Unions of the values of elements and choices."""

from __future__ import annotations

from msgspec.structs import replace

from stepgraph.interpreter.joining import MAX_CASES, ValueSet, callable_name, union_values
from stepgraph.interpreter.values.tasks import Gathering, Task, WaitForCall
from stepgraph.interpreter.values.unions import Case, Union, on_some_paths
from stepgraph.ir.values import UNKNOWN, Unresolved, Value
from stepgraph.syntax.module import Place


def union_of_values(
    values: list[Value], conditions: list[str], discriminant: str, place: Place, *, each: bool = False
) -> Value:
    """Return the union of values without duplicates. With `each`, a loop binds them one after another."""
    cases: list[Case] = []
    distinct = ValueSet()
    for condition, value in zip(conditions, values, strict=True):
        nested = isinstance(value, Union)
        for leaf in union_values(value):
            if distinct.add(leaf):
                cases.append(Case(callable_name(leaf) or condition if nested else condition, leaf))
        if len(cases) > MAX_CASES:
            return Unresolved("it may be any one of very many", place)
    relevant = [case.value for case in cases if case.value.relevant]
    if not relevant:
        return UNKNOWN
    if each and all(is_started(value) for value in relevant):
        return relevant[0] if _is_each(relevant[0]) and len(relevant) == 1 else _gather_each(relevant)
    if len(cases) == 1:
        return cases[0].value
    return Union(tuple(replace(case, value=on_some_paths(case.value)) for case in cases), discriminant, place)


def is_started(value: Value) -> bool:
    """Whether a value is a started task or a future of tasks."""
    return isinstance(value, Task | Gathering) or (isinstance(value, WaitForCall) and is_started(value.inner))


def _is_each(value: Value) -> bool:
    return isinstance(value, Gathering) and value.one_per_iteration


def _gather_each(values: list[Value]) -> Gathering:
    in_turn = any(isinstance(value, Gathering) and value.in_completion_order for value in values)
    return Gathering("all", tuple(values), one_per_iteration=True, in_completion_order=in_turn)
