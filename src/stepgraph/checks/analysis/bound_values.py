"""Values of parameters and variables that depend on the call, the iteration or the path."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from stepgraph.ir.facts import ValueBound
from stepgraph.ir.static_values import StaticMapping, cases_of
from stepgraph.ir.values import Unknown, Value

if TYPE_CHECKING:
    from stepgraph.checks.subject import WorkflowSubject
    from stepgraph.syntax.module import SourcePlace


class PlacedValue(NamedTuple):
    """A possible value of an expression, with the location of its source."""

    value: Value
    place: SourcePlace


def with_bound_values(subject: WorkflowSubject, value: Value, place: SourcePlace) -> Iterator[PlacedValue]:
    """Yield the value of the expression at `place`.

    If the expression is a parameter or variable that is used unchanged, or a lookup at an unknown key, yield the values
    that it may have, too, also through functions that pass them on.
    """
    yield PlacedValue(value, place)
    if _depends_on_binding(value):
        yield from _bound_values(subject, place)


def _depends_on_binding(value: Value) -> bool:
    """Return whether a value may differ by call or iteration: the constants in an argument are hidden."""
    return any(
        isinstance(case, Unknown) or (isinstance(case, StaticMapping) and not case.is_complete)
        for case in cases_of(value)
    )


def _bound_values(subject: WorkflowSubject, place: SourcePlace) -> Iterator[PlacedValue]:
    by_target = subject.once(_values_by_target)
    if not by_target:
        return
    # Imported here because it loads LibCST, which a run without findings does not need.
    from stepgraph.syntax.bound_names import bound_targets

    visited: set[SourcePlace] = set()
    pending = [place]
    while pending:
        source = pending.pop()
        for target in (source, *bound_targets(source)):
            if target in visited:
                continue
            visited.add(target)
            for bound in by_target.get(target, ()):
                if _depends_on_binding(bound.value) and bound.place != target:
                    pending.append(bound.place)
                if not isinstance(bound.value, Unknown):
                    yield PlacedValue(bound.value, bound.place)


def _values_by_target(subject: WorkflowSubject) -> dict[SourcePlace, Sequence[ValueBound]]:
    result: dict[SourcePlace, list[ValueBound]] = {}
    for bound in subject.facts_of_type(ValueBound):
        result.setdefault(bound.target, []).append(bound)
    return dict(result)
