"""Values that calls pass for the parameters of functions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from stepgraph.ir.facts import ArgumentPassed
from stepgraph.ir.static_values import StaticMapping
from stepgraph.ir.values import Unknown, Value

if TYPE_CHECKING:
    from stepgraph.checks.subject import WorkflowSubject
    from stepgraph.syntax.module import SourcePlace


class PlacedValue(NamedTuple):
    """A possible value of an expression, with the location of its source."""

    value: Value
    place: SourcePlace


def with_passed_values(subject: WorkflowSubject, value: Value, place: SourcePlace) -> Iterator[PlacedValue]:
    """Yield the value of the expression at `place`.

    If the expression is a parameter that its function uses unchanged, yield the values that calls pass for it, too,
    also through other functions that pass them on.
    """
    yield PlacedValue(value, place)
    if _may_be_passed(value):
        yield from _passed_values(subject, place)


def _may_be_passed(value: Value) -> bool:
    """Return whether the value of a parameter depends on the call: the constants in an argument are hidden."""
    return isinstance(value, Unknown) or (isinstance(value, StaticMapping) and not value.is_complete)


def _passed_values(subject: WorkflowSubject, place: SourcePlace) -> Iterator[PlacedValue]:
    by_parameter = subject.once(_arguments_by_parameter)
    if not by_parameter:
        return
    # Imported here because it loads LibCST, which a run without findings does not need.
    from stepgraph.syntax.passed_parameters import passed_parameter

    visited: set[SourcePlace] = set()
    pending = [place]
    while pending:
        parameter = passed_parameter(pending.pop())
        if parameter is None or parameter in visited:
            continue
        visited.add(parameter)
        for passed in by_parameter.get(parameter, ()):
            if _may_be_passed(passed.value):
                pending.append(passed.place)
            if not isinstance(passed.value, Unknown):
                yield PlacedValue(passed.value, passed.place)


def _arguments_by_parameter(subject: WorkflowSubject) -> dict[SourcePlace, Sequence[ArgumentPassed]]:
    result: dict[SourcePlace, list[ArgumentPassed]] = {}
    for passed in subject.facts_of_type(ArgumentPassed):
        result.setdefault(passed.parameter, []).append(passed)
    return dict(result)
