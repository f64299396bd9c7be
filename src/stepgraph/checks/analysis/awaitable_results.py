"""Calls without `await`: whether one can be added before the call."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import TYPE_CHECKING, TypeVar

from stepgraph.ir.facts import FunctionCalled, Returned, UncertainCallee
from stepgraph.ir.static_values import StaticAwaitable, StaticUnion, cases_of
from stepgraph.syntax.module import SourcePlace

if TYPE_CHECKING:
    from collections.abc import Iterable

    from stepgraph.checks.subject import WorkflowSubject
    from stepgraph.ir.values import Value

_Item = TypeVar("_Item")


def always_returns_awaitable(subject: WorkflowSubject, call: SourcePlace) -> bool:
    """Return whether each function that a call may run is async, or returns an awaitable on each path."""
    if call in subject.once(_uncertain_calls):
        return False
    returned = subject.once(_values_by_function)
    return all(_is_awaitable(each, returned.get(each, ())) for each in subject.once(_functions_by_call).get(call, ()))


def _is_awaitable(function: SourcePlace, returned: Sequence[Value]) -> bool:
    # Imported here because it loads LibCST, which a run without findings does not need.
    from stepgraph.syntax.places import is_async_function
    from stepgraph.syntax.reachability import always_returns_value

    if is_async_function(function):
        return True
    return all(map(_is_always_awaitable, returned)) and always_returns_value(function.node)


def _is_always_awaitable(value: Value) -> bool:
    is_exhaustive = not isinstance(value, StaticUnion) or value.is_exhaustive
    return is_exhaustive and all(isinstance(case, StaticAwaitable) for case in cases_of(value))


def _uncertain_calls(subject: WorkflowSubject) -> AbstractSet[SourcePlace]:
    return {uncertain.place for uncertain in subject.facts_of_type(UncertainCallee)}


def _functions_by_call(subject: WorkflowSubject) -> Mapping[SourcePlace, Sequence[SourcePlace]]:
    return _grouped((call.place, call.function) for call in subject.facts_of_type(FunctionCalled))


def _values_by_function(subject: WorkflowSubject) -> Mapping[SourcePlace, Sequence[Value]]:
    return _grouped((returned.function, returned.value) for returned in subject.facts_of_type(Returned))


def _grouped(pairs: Iterable[tuple[SourcePlace, _Item]]) -> Mapping[SourcePlace, Sequence[_Item]]:
    groups: dict[SourcePlace, list[_Item]] = {}
    for place, item in pairs:
        groups.setdefault(place, []).append(item)
    return groups
