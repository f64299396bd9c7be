"""Durations with an unknown unit, which the engine reads as milliseconds."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from msgspec.structs import replace

from stepgraph.checks.analysis.bound_values import PlacedValue, values_of_last_field
from stepgraph.checks.analysis.duration_arguments import DurationArgument, duration_arguments, with_definition
from stepgraph.checks.analysis.value_kinds import simple_cases
from stepgraph.checks.diagnostic import Applicability, Diagnostic, RelatedLocation, Severity, safe_fix
from stepgraph.checks.rule import Rule
from stepgraph.durations import (
    UNITS,
    DurationText,
    expand_unit,
    format_in_unit,
    parse_partial_duration,
)
from stepgraph.ir.values import Constant, Template
from stepgraph.phrases import near_names
from stepgraph.syntax.edits.source_edits import replace_string

if TYPE_CHECKING:
    from stepgraph.checks.subject import WorkflowSubject
    from stepgraph.syntax.module import SourcePlace

# The minimum similarity of a misspelled unit to a valid one.
_MIN_SIMILARITY: Final = 0.75
_AVAILABLE_UNITS: Final = f"Available: {', '.join(f'`{unit}`' for unit in UNITS)}."
# The engine reads this unit as milliseconds, but most people read it as minutes.
_MISLEADING_UNIT: Final = "m"
# A field for a number or, as the second group, the number itself, and a field for its unit.
_NUMBER_AND_FIELD: Final = r"(?:\{([^{}]+)\}|([^{} ]+)) +\{[^{}]+\}"


def _check(subject: WorkflowSubject) -> Iterator[Diagnostic]:
    for duration in duration_arguments(subject):
        for diagnostic in _check_duration(duration):
            yield with_definition(diagnostic, duration)
        if isinstance(duration.value, Template):
            yield from _check_unit_variable(subject, duration, duration.value)


def _check_unit_variable(
    subject: WorkflowSubject, duration: DurationArgument, template: Template
) -> Iterator[Diagnostic]:
    """Check the units that a variable at the end of an f-string may have, as in `f"{count} {unit}"`."""
    number = re.fullmatch(_NUMBER_AND_FIELD, template.text)
    if number is None:
        return
    string = PlacedValue(template, duration.place, duration.calls)
    for unit in values_of_last_field(subject, string):
        for case in simple_cases(unit.value):
            if isinstance(case, Constant) and isinstance(case.value, str):
                related = RelatedLocation(duration.place.span, f"`{duration.place.brief_text}` is a duration")
                for diagnostic in _check_partial_text(unit.place, f"{{{number[1] or number[2]}}} {case.value}"):
                    yield replace(diagnostic, related=(related,))


def _check_duration(duration: DurationArgument) -> Iterator[Diagnostic]:
    if isinstance(duration.value, Template):
        yield from _check_partial_text(duration.place, duration.value.text)
    elif duration.text is not None:
        parsed = duration.parsed
        if parsed is not None and parsed.unit is not None:
            yield _unknown_unit(duration, duration.text, parsed, parsed.unit)


def _unknown_unit(duration: DurationArgument, text: str, parsed: DurationText, unit: str) -> Diagnostic:
    engine_reading = format_in_unit(f"{parsed.milliseconds:g}", "millisecond")
    if unit == _MISLEADING_UNIT:
        message = f"the unit `{unit}` means milliseconds: the engine reads {text!r} as {engine_reading}."
    else:
        message = f"unknown unit `{unit}`: the engine reads {text!r} as {engine_reading}."
    intended_unit = expand_unit(unit)
    if intended_unit is None:
        return Diagnostic(duration.place.span, message, _suggest_unit(parsed, unit))
    correction = format_in_unit(parsed.number, intended_unit)
    fix = safe_fix(*replace_string(duration.place, text, correction))
    return Diagnostic(duration.place.span, message, f'Write "{correction}".', fix)


def _suggest_unit(parsed: DurationText, unit: str) -> str:
    """Return advice for an unrecognized unit: the most similar unit, or all units."""
    similar = near_names(unit, UNITS, _MIN_SIMILARITY)
    return f'Did you mean "{format_in_unit(parsed.number, similar[0])}"?' if similar else _AVAILABLE_UNITS


def _check_partial_text(place: SourcePlace, text: str) -> Iterator[Diagnostic]:
    """Check a string that ends in a constant unit after a computed part."""
    partial = parse_partial_duration(text)
    if partial is None or not partial.is_spaced or partial.has_valid_unit:
        return
    message = f"unknown unit `{partial.unit}`: the engine reads this duration as milliseconds."
    if partial.intended_unit is None:
        yield Diagnostic(place.span, message, _AVAILABLE_UNITS)
        return
    yield Diagnostic(place.span, message, f"Write `{partial.intended_unit}s` instead of `{partial.unit}`.")


RULE = Rule(
    code="SG205",
    name="unknown-duration-unit",
    module=__name__,
    severity=Severity.WARNING,
    fixes=(Applicability.SAFE,),
    check=_check,
)
