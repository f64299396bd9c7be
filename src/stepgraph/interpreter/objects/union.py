"""The value that is any one of several."""

from __future__ import annotations

from msgspec.structs import replace

from stepgraph.interpreter.objects.values import (
    UNKNOWN,
    Alternatives,
    Gathering,
    Option,
    Task,
    Unresolved,
    Value,
    Wrapped,
    unsure,
)
from stepgraph.interpreter.store import MOST_OPTIONS, Distinct, callable_name, leaves
from stepgraph.syntax.module import Place


def any_of(values: list[Value], conditions: list[str], discriminant: str, place: Place, *, each: bool = False) -> Value:
    """Return the value that is any one of several, each once; with `each`, a loop takes them one after another."""
    options: list[Option] = []
    distinct = Distinct()
    for condition, value in zip(conditions, values, strict=True):
        nested = isinstance(value, Alternatives)
        for leaf in leaves(value):
            if distinct.add(leaf):
                options.append(Option(callable_name(leaf) or condition if nested else condition, leaf))
        if len(options) > MOST_OPTIONS:
            return Unresolved("it may be any one of very many", place)
    relevant = [option.value for option in options if option.value.relevant]
    if not relevant:
        return UNKNOWN
    if each and all(is_started(value) for value in relevant):
        return relevant[0] if _is_each(relevant[0]) and len(relevant) == 1 else _in_turn(relevant)
    if len(options) == 1:
        return options[0].value
    return Alternatives(tuple(replace(o, value=unsure(o.value)) for o in options), discriminant, place)


def is_started(value: Value) -> bool:
    """Whether a value is work that goes on already."""
    return isinstance(value, Task | Gathering) or (isinstance(value, Wrapped) and is_started(value.inner))


def _is_each(value: Value) -> bool:
    return isinstance(value, Gathering) and value.each


def _in_turn(values: list[Value]) -> Gathering:
    in_turn = any(isinstance(value, Gathering) and value.in_turn for value in values)
    return Gathering("all", tuple(values), each=True, in_turn=in_turn)
