"""Durations that a workflow passes to the engine."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from enum import StrEnum
from typing import TYPE_CHECKING, assert_never

from msgspec import Struct
from msgspec.structs import replace

from stepgraph.checks.analysis.bound_values import Calls, PlacedValue, with_bound_values
from stepgraph.checks.analysis.steps import config_arguments
from stepgraph.checks.analysis.value_kinds import may_be_guarded, simple_cases
from stepgraph.checks.diagnostic import Diagnostic, RelatedLocation
from stepgraph.durations import DurationText, as_float, parse_duration
from stepgraph.ir.facts import MethodCalled
from stepgraph.ir.static_values import StaticArguments, constant_key_entries
from stepgraph.ir.values import Constant, External, Value
from stepgraph.syntax.module import SourcePlace
from stepgraph.syntax.step_methods import StepMethodName, is_step_method

if TYPE_CHECKING:
    from stepgraph.checks.subject import WorkflowSubject

_INFINITY = External("math.inf")


class DurationUse(StrEnum):
    """The use of a duration, as a phrase that follows `the` or `this`."""

    SLEEP = "sleep"
    DELAY = "retry delay"
    TIMEOUT = "step timeout"
    WAIT = "wait for an event"


def _number_of(value: Value) -> float | None:
    """Return the number that a value certainly is, or None."""
    if value == _INFINITY:
        return math.inf
    constant = value.value if isinstance(value, Constant) else None
    return as_float(constant) if isinstance(constant, (int, float)) and not isinstance(constant, bool) else None


class DurationArgument(Struct, frozen=True):
    """A duration argument: one of its possible values, with its location."""

    use: DurationUse
    value: Value
    """The value. It is valid if it is a number of milliseconds or a string that the engine can parse."""
    place: SourcePlace
    """The location of the value."""
    use_place: SourcePlace
    """The location of the argument or config entry. It differs from `place` for the value of a variable."""
    text: str | None
    """The value if it is a string, otherwise None."""
    parsed: DurationText | None
    """The duration in `text`, or None without a string and for an invalid one."""
    number: float | None
    """The value if it is a number, otherwise None."""
    calls: Calls = ()
    """The calls that return the value from `place`."""

    @classmethod
    def of(cls, use: DurationUse, value: Value, bound: PlacedValue, use_place: SourcePlace) -> DurationArgument:
        """Return one of the possible values of an argument, parsed once for all rules."""
        text = value.value if isinstance(value, Constant) and isinstance(value.value, str) else None
        return cls(
            use=use,
            value=value,
            place=bound.place,
            use_place=use_place,
            text=text,
            parsed=None if text is None else parse_duration(text),
            number=_number_of(value),
            calls=bound.calls,
        )

    @property
    def milliseconds(self) -> float | None:
        """The duration in milliseconds, or None if it is unknown, blank, invalid or in an unknown unit."""
        if self.text is None:
            return self.number
        duration = self.parsed if self.text.strip() else None
        return None if duration is None or duration.unit is not None else duration.milliseconds


def duration_arguments(subject: WorkflowSubject) -> tuple[DurationArgument, ...]:
    """Return the durations of a workflow: method arguments first, then step configs."""
    return subject.once(_find_duration_arguments)


def _find_duration_arguments(subject: WorkflowSubject) -> tuple[DurationArgument, ...]:
    return tuple(
        DurationArgument.of(use, case, bound, place)
        for use, value, place in _argument_values(subject)
        for bound in with_bound_values(subject, value, place)
        for case in simple_cases(bound.value)
        if not may_be_guarded(case, bound.place)
    )


def _argument_values(subject: WorkflowSubject) -> Iterator[tuple[DurationUse, Value, SourcePlace]]:
    for call in subject.facts_of_type(MethodCalled):
        if is_step_method(call.method):
            yield from _durations_of_method(call.method, call.arguments)
    for config in config_arguments(subject):
        for key, entry in constant_key_entries(config.value):
            if key == "timeout":
                yield DurationUse.TIMEOUT, entry.value, entry.place
            elif key == "retries":
                yield from _delays(with_bound_values(subject, entry.value, entry.place))


def _delays(retries: Iterable[PlacedValue]) -> Iterator[tuple[DurationUse, Value, SourcePlace]]:
    """Yield the delays in the possible values of `retries`."""
    for each in retries:
        for key, entry in constant_key_entries(each.value):
            if key == "delay":
                yield DurationUse.DELAY, entry.value, entry.place


def _durations_of_method(
    method: StepMethodName, arguments: StaticArguments
) -> Iterator[tuple[DurationUse, Value, SourcePlace]]:
    match method:
        case "sleep":
            argument = arguments.find(1, "duration")
            if argument is not None and argument.keyword is None:
                yield DurationUse.SLEEP, argument.value, argument.place
        case "wait_for_event":
            argument = arguments.find(2, "timeout")
            if argument is not None:
                yield DurationUse.WAIT, argument.value, argument.place
        case "do" | "sleep_until":
            pass
        case _ as never:
            assert_never(never)


def with_definition(diagnostic: Diagnostic, duration: DurationArgument) -> Diagnostic:
    """Return a diagnostic about a duration with the definition of a constant as a related location.

    Findings about one constant therefore have one cause.
    """
    value, use = duration.place, duration.use_place
    if use.node is not value.node:
        related = RelatedLocation(use.span, f"`{use.brief_text}` is {value.brief_text} here")
        return replace(diagnostic, related=(*diagnostic.related, related))
    # Imported here because it loads LibCST, which a run without findings does not need.
    from stepgraph.syntax.bound_names import constant_definition

    definition = constant_definition(value)
    if definition is None:
        return diagnostic
    related = RelatedLocation(definition.span, f"`{value.text}` is assigned here")
    return replace(diagnostic, related=(related, *diagnostic.related))
