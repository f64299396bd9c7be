"""Values of expressions that depend on the call, the iteration or the path."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import TYPE_CHECKING, Final, TypeAlias, TypeVar

from msgspec import Struct, field
from msgspec.structs import replace

from stepgraph.ir.facts import FunctionCalled, Returned, StepCalled, StepDeclared, ValueBound
from stepgraph.ir.static_values import (
    StaticCollection,
    StaticElement,
    StaticEntry,
    StaticFunction,
    StaticMapping,
    StaticStep,
    StaticUnion,
    cases_of,
    constant_key_entries,
)
from stepgraph.ir.values import Constant, Duration, ExternalResult, Moment, Template, Unknown, Value

if TYPE_CHECKING:
    from stepgraph.checks.subject import WorkflowSubject
    from stepgraph.syntax.bound_names import ConstantLookup
    from stepgraph.syntax.module import SourcePlace

# Types of the cases of a returned value that rules compare. Code may treat others, such as objects, in its own way.
_COMPARED: Final = frozenset({Constant, Duration, ExternalResult, Moment, StaticMapping, Template, Unknown})
_CALLABLE: Final = frozenset({StaticFunction, StaticStep})
# Maximum number of nested calls whose results are followed.
_MAX_CALLS: Final = 10
# Maximum number of locations that one search visits.
_MAX_LOCATIONS: Final = 500


Calls: TypeAlias = tuple["SourcePlace", ...]
"""The calls that return the value of an expression, innermost last. Arguments of other calls do not reach the value."""


class PlacedValue(Struct, frozen=True):
    """A possible value of an expression, with the location of its source."""

    value: Value
    place: SourcePlace
    calls: Calls = ()
    """The calls of the project that return the value from this location."""


def with_bound_values(subject: WorkflowSubject, value: Value, place: SourcePlace) -> list[PlacedValue]:
    """Return the value of the expression at `place`.

    If the expression is a parameter or variable that is used unchanged, a call of a function of the project, or a
    lookup at an unknown key, return the values that it may have, too, also through functions that pass them on.

    Return nothing for a function where a test of another name decides, as in `if kind == "sleep"` for a pair of a kind
    and a value, and for a variable with several values whose type the code tests.
    """
    values = [PlacedValue(value, place)]
    if type(value) is Constant:
        return values
    if (type(value) in _CALLABLE or type(value) is StaticUnion) and _is_decided(value, place):
        return []
    if _depends_on_binding(value):
        values += _bound_values(subject, place)
    return values


def _is_decided(value: Value, place: SourcePlace) -> bool:
    """Return whether a test decides which values a function or a union of values at `place` has."""
    # Imported here because it loads LibCST, which a run without findings does not need.
    from stepgraph.syntax.correlated_names import has_type_test, is_decided_by_another

    return has_type_test(place) if type(value) is StaticUnion else is_decided_by_another(place)


def values_of_last_field(subject: WorkflowSubject, string: PlacedValue) -> list[PlacedValue]:
    """Return the known values of the variable at the end of an f-string, as in `f"{count} {unit}"`."""
    # Imported here because it loads LibCST, which a run without findings does not need.
    from stepgraph.syntax.places import last_field

    field = last_field(string.place)
    return [] if field is None else list(_bound_values(subject, field, string.calls))


def with_attribute_values(subject: WorkflowSubject, value: Value, place: SourcePlace) -> Value:
    """Return a value with the assigned values in place of unknown attributes of objects, as in `{"total": cart.total}`.

    Only attributes with a single known value are replaced.
    """
    by_target = subject.once(_values_by_target)
    return _with_attributes(by_target, value, place) if by_target else value


def _with_attributes(by_target: Mapping[SourcePlace, Sequence[ValueBound]], value: Value, place: SourcePlace) -> Value:
    match value:
        case Unknown():
            bound = by_target.get(place, ())
            return bound[0].value if len(bound) == 1 and _is_plain_attribute(place) else value
        case StaticMapping(entries=entries):
            return replace(value, entries=tuple([_with_value(by_target, entry) for entry in entries]))
        case StaticCollection(elements=elements):
            return replace(value, elements=tuple([_with_value(by_target, element) for element in elements]))
        case _:
            return value


_Part = TypeVar("_Part", StaticElement, StaticEntry)


def _with_value(by_target: Mapping[SourcePlace, Sequence[ValueBound]], part: _Part) -> _Part:
    return replace(part, value=_with_attributes(by_target, part.value, part.place))


def _is_plain_attribute(place: SourcePlace) -> bool:
    # Imported here because it loads LibCST, which a run without findings does not need.
    from stepgraph.syntax.bound_names import is_tested_member
    from stepgraph.syntax.places import is_attribute

    return is_attribute(place) and not is_tested_member(place)


def _depends_on_binding(value: Value) -> bool:
    """Return whether a value may differ by call or iteration: the constants in an argument are hidden."""
    match value:
        case Constant():
            return False
        case Unknown():
            return True
        case StaticMapping(is_complete=is_complete, may_be_overwritten=may_be_overwritten):
            return not is_complete and not may_be_overwritten
        case StaticUnion(cases=cases):
            return any(map(_depends_on_binding, cases))
        case _:
            return False


def _bound_values(subject: WorkflowSubject, place: SourcePlace, calls: Calls = ()) -> Iterator[PlacedValue]:
    by_target, results = subject.once(_values_by_target), subject.once(_results_by_call)
    if by_target or results:
        yield from _ValueSearch(by_target, results, subject.once(_calls_with_constants)).values_at(place, calls)


class _ValueSearch(Struct):
    """A search for the values of an expression that visits each location once."""

    by_target: Mapping[SourcePlace, Sequence[ValueBound]]
    results: Mapping[SourcePlace, Sequence[PlacedValue]]
    calls_with_constants: AbstractSet[SourcePlace]
    visited: set[SourcePlace] = field(default_factory=set)

    def values_at(self, place: SourcePlace, calls: Calls = ()) -> Iterator[PlacedValue]:
        """Yield the values that reach the expression at `place`, whose value `calls` return."""
        # Imported here because it loads LibCST, which a run without findings does not need.
        from stepgraph.syntax.bound_names import bound_targets, is_tested_member
        from stepgraph.syntax.correlated_names import is_decided_by_another, is_tested_with_another

        pending: list[tuple[SourcePlace, Calls]] = [(place, calls)]
        while pending and len(self.visited) < _MAX_LOCATIONS:
            source, returning = pending.pop()
            targets = [] if is_decided_by_another(source) else bound_targets(source)
            may_be_missing = is_tested_with_another(source)
            for target in (source, *targets):
                if target in self.visited or is_tested_member(target):
                    continue
                self.visited.add(target)
                for passed, outer in self.passed_values(target, returning):
                    if may_be_missing and _is_empty(passed.value):
                        continue
                    if _depends_on_binding(passed.value) and passed.place != target:
                        pending.append((passed.place, outer))
                    if not isinstance(passed.value, Unknown):
                        yield replace(passed, calls=outer)

    def passed_values(self, target: SourcePlace, calls: Calls) -> Iterator[tuple[PlacedValue, Calls]]:
        """Yield the values of the parameter, variable or expression `target`, each with the calls that return it."""
        from stepgraph.syntax.bound_names import constant_lookup
        from stepgraph.syntax.places import is_attribute, is_parameter, without_await

        for bound in self.by_target.get(target, ()):
            passed = PlacedValue(bound.value, bound.place)
            if is_attribute(target):
                if not _is_empty(bound.value):
                    yield passed, calls
            elif calls and is_parameter(target):
                if calls[-1].span.encloses(bound.place.span):
                    yield passed, calls[:-1]
            elif not calls or calls[-1] not in self.calls_with_constants:
                yield passed, calls
        lookup = constant_lookup(target)
        if lookup is not None:
            yield from ((entry, calls) for entry in self.entries(lookup))
        call = without_await(target)
        if len(calls) < _MAX_CALLS:
            yield from ((returned, (*calls, call)) for returned in self.results.get(call, ()))

    def entries(self, lookup: ConstantLookup) -> Iterator[PlacedValue]:
        """Yield the values at a key in the dictionaries that reach the owner of a lookup."""
        for owner in self.values_at(lookup.owner):
            if not any(isinstance(case, StaticMapping) and case.may_be_overwritten for case in cases_of(owner.value)):
                for key, entry in constant_key_entries(owner.value):
                    if key == lookup.key and not _is_empty(entry.value):
                        yield PlacedValue(entry.value, entry.place)


def _values_by_target(subject: WorkflowSubject) -> Mapping[SourcePlace, Sequence[ValueBound]]:
    result: dict[SourcePlace, list[ValueBound]] = {}
    for bound in subject.facts_of_type(ValueBound):
        result.setdefault(bound.target, []).append(bound)
    return result


def _results_by_call(subject: WorkflowSubject) -> Mapping[SourcePlace, Sequence[PlacedValue]]:
    """Return the values that the function or step of each call returns, by location of the call.

    For a function with several `return` statements, the results of calls with constants are omitted, because the
    constants may decide which statement runs. Empty constants are omitted, because they often mean a missing value.
    """
    by_function: dict[SourcePlace, dict[PlacedValue, None]] = {}
    for returned in subject.facts_of_type(Returned):
        by_function.setdefault(returned.function, {})[PlacedValue(returned.value, returned.place)] = None
    calls_with_constants = subject.once(_calls_with_constants)
    result: dict[SourcePlace, list[PlacedValue]] = {}
    for place, function in _calls(subject):
        values = by_function.get(function, {})
        if len(values) > 1:
            is_decided = place in calls_with_constants
            values = {} if is_decided else {each: None for each in values if not _is_empty(each.value)}
        result.setdefault(place, []).extend(value for value in values if _is_compared(value.value))
    return result


def _calls(subject: WorkflowSubject) -> Iterator[tuple[SourcePlace, SourcePlace]]:
    """Yield the location of each call of a function or step of the project, with the location of the function."""
    for call in subject.facts_of_type(FunctionCalled):
        yield call.place, call.function
    functions = {
        declared.definition: declared.function.place
        for declared in subject.facts_of_type(StepDeclared)
        if declared.function is not None
    }
    for started in subject.facts_of_type(StepCalled):
        if started.definition in functions:
            yield started.place, functions[started.definition]


def _is_compared(value: Value) -> bool:
    return all(type(case) in _COMPARED for case in cases_of(value))


def _is_empty(value: Value) -> bool:
    return isinstance(value, Constant) and not value.value


def _calls_with_constants(subject: WorkflowSubject) -> AbstractSet[SourcePlace]:
    """Return the calls that pass constants, which may decide what the function looks up or selects."""
    from stepgraph.syntax.places import call_of_argument, is_parameter

    constants = (
        bound
        for bound in subject.facts_of_type(ValueBound)
        if isinstance(bound.value, Constant) and is_parameter(bound.target)
    )
    return {call for bound in constants if (call := call_of_argument(bound.place)) is not None}
