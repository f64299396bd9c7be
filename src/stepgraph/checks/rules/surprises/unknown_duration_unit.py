"""Unknown units, which the engine reads as milliseconds."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from stepgraph.checks.analysis.duration_arguments import DurationArgument, duration_arguments
from stepgraph.checks.analysis.durations import (
    UNITS,
    DurationText,
    expand_unit,
    format_in_unit,
    parse_duration,
    parse_partial_duration,
)
from stepgraph.checks.diagnostic import Diagnostic, Severity
from stepgraph.checks.rule import Rule
from stepgraph.ir.values import Template
from stepgraph.syntax.edits import Replacement

if TYPE_CHECKING:
    from stepgraph.checks.subject import WorkflowSubject

# The similarity from which an unknown unit is a misspelling.
_SLIP: Final = 0.75
_UNITS: Final = "Write second, minute, hour, day, week, month or year, in lower case."


def _check(subject: WorkflowSubject) -> Iterator[Diagnostic]:
    for duration in duration_arguments(subject):
        if isinstance(duration.value, Template):
            yield from _of_partial_text(duration, duration.value.text)
        elif duration.text is not None:
            read = parse_duration(duration.text)
            if read is not None and read.unit is not None:
                yield _match(duration, duration.text, read, read.unit)


def _match(duration: DurationArgument, text: str, read: DurationText, unit: str) -> Diagnostic:
    count = format_in_unit(f"{read.milliseconds:g}", "millisecond")
    unit_reading = "milliseconds to the engine" if unit == "m" else "no unit to the engine"
    message = f"`{unit}` is {unit_reading}, which takes {text!r} for {count}."
    meant = expand_unit(unit)
    if meant is None:
        near = difflib.get_close_matches(unit.lower(), UNITS, 1, _SLIP)
        advice = f'Write "{format_in_unit(read.number, near[0])}" if that is meant.' if near else _UNITS
        return Diagnostic(duration.place.span, message, advice)
    right = format_in_unit(read.number, meant)
    quoted = duration.requote(right)
    edits = () if quoted is None else (Replacement(duration.place, quoted),)
    return Diagnostic(duration.place.span, message, f'Write "{right}".', edits)


def _of_partial_text(duration: DurationArgument, text: str) -> Iterator[Diagnostic]:
    partial = parse_partial_duration(text)
    if partial is None or not partial.is_spaced or partial.has_valid_unit:
        return
    message = f"`{partial.unit}` is no unit to the engine, which takes this for milliseconds."
    if partial.intended_unit is None:
        yield Diagnostic(duration.place.span, message, _UNITS)
        return
    yield Diagnostic(duration.place.span, message, f"Write `{partial.intended_unit}s` for `{partial.unit}`.")


RULE = Rule(
    code="SG205",
    name="unknown-duration-unit",
    module=__name__,
    severity=Severity.WARNING,
    check=_check,
)
