"""Missing durations, and durations that the engine cannot parse."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final

from msgspec.structs import replace

from stepgraph.checks.analysis.duration_arguments import (
    DurationArgument,
    DurationUse,
    duration_arguments,
    with_definition,
)
from stepgraph.checks.analysis.value_kinds import describe_wrong_kind, kind_of
from stepgraph.checks.diagnostic import Applicability, Diagnostic, Severity, safe_fix
from stepgraph.checks.rule import Rule
from stepgraph.durations import (
    correct_duration,
    format_duration,
    format_in_unit,
    parse_duration,
    parse_partial_duration,
)
from stepgraph.ir.facts import MethodCalled
from stepgraph.ir.static_values import StaticFunction, StaticStep
from stepgraph.ir.values import Constant, Duration, Template
from stepgraph.syntax.edits.source_edits import replace_string

if TYPE_CHECKING:
    from stepgraph.checks.subject import WorkflowSubject
    from stepgraph.ir.static_values import StaticArgument
    from stepgraph.ir.values import Value
    from stepgraph.syntax.module import SourcePlace

_FORMS: Final = (
    'Write a number and one unit (second, minute, hour, day, week, month, year), such as "90 minutes", or a number of'
    " milliseconds."
)
# Source of an expression to which `.total_seconds()` can be appended: a name or one call.
_OPERAND: Final = r"[\w.]++(?:\([^()]*+\))?"
_EFFECTS: Final = {
    DurationUse.SLEEP: "this sleep fails",
    DurationUse.WAIT: "this wait fails",
    DurationUse.DELAY: "the engine rejects the config, and the step never runs",
    DurationUse.TIMEOUT: "the engine rejects the config, and the step never runs",
}
_EFFECTS_OF_BLANK: Final = {
    DurationUse.SLEEP: "this sleep ends immediately",
    DurationUse.DELAY: "retries follow immediately",
}


def _check(subject: WorkflowSubject) -> Iterator[Diagnostic]:
    swapped = dict(_swapped_arguments(subject))
    for duration in duration_arguments(subject):
        diagnostic = _check_duration(duration)
        if diagnostic is not None and duration.use_place in swapped:
            diagnostic = replace(diagnostic, advice=f"Write `{swapped[duration.use_place]}`.", fix=None)
        if diagnostic is not None:
            yield with_definition(diagnostic, duration)
    for call in subject.facts_of_type(MethodCalled):
        arguments = call.arguments
        if call.method == "sleep" and arguments.whole and len(arguments.items) <= 1:
            if any(argument.keyword is not None for argument in arguments.items):
                continue
            reason = ": the first argument is the name" if arguments.items else " with a TypeError"
            message = f"`{call.place.text}` has no duration, so this sleep fails{reason}."
            yield Diagnostic(call.place.span, message, _advice_to_name(arguments.positional))


def _swapped_arguments(subject: WorkflowSubject) -> Iterator[tuple[SourcePlace, str]]:
    """Yield the second argument of each sleep whose name is a duration, with the call in the right order."""
    for call in subject.facts_of_type(MethodCalled):
        name, duration = call.arguments.find(0, "name"), call.arguments.find(1, "duration")
        if call.method == "sleep" and name is not None and duration is not None and _is_duration(name.value):
            yield duration.place, f"step.sleep({duration.place.text}, {name.place.text})"


def _is_duration(value: Value) -> bool:
    """Return whether a value is a number, or a string with a number and a unit."""
    match value:
        case Constant(value=bool()):
            return False
        case Constant(value=int() | float()):
            return True
        case Constant(value=str(text)):
            return text[:1].isdecimal() and (parse_duration(text) is not None or correct_duration(text) is not None)
        case _:
            return False


def _advice_to_name(arguments: Sequence[StaticArgument]) -> str:
    """Return advice for a sleep with at most one argument, which may be meant as the duration."""
    value = arguments[0].value.value if arguments and isinstance(arguments[0].value, Constant) else None
    example = '"10 minutes"'
    if isinstance(value, int | float) and not isinstance(value, bool):
        example = f'"{format_in_unit(str(value), "second")}"'
    elif isinstance(value, str) and (duration := correct_duration(value)) is not None:
        example = f'"{duration}"'
    return f'Pass a name and a duration, as in `step.sleep("cool down", {example})`.'


def _check_duration(duration: DurationArgument) -> Diagnostic | None:
    if isinstance(duration.value, Template):
        return _check_partial_string(duration, duration.value.text)
    if duration.text is not None:
        return _check_string(duration, duration.text)
    if duration.number is not None or _is_valid_or_reported(duration):
        return None
    if duration.use is DurationUse.TIMEOUT and duration.value == Constant(None):
        message = f"`{duration.place.text}` replaces the default timeout, and without a timeout each attempt fails."
        return Diagnostic(duration.place.span, message, "Remove the key for the default of 10 minutes.")
    kind = describe_wrong_kind(duration.value, duration.place.text)
    if kind is None:
        return None
    message = f"{kind}, but the engine takes a string or a number: {_EFFECTS[duration.use]}."
    if isinstance(duration.value, Duration):
        return Diagnostic(duration.place.span, message, f'Write "{format_duration(duration.value.milliseconds)}".')
    if kind_of(duration.value) == "a timedelta":
        source = duration.place.text
        operand = source if re.fullmatch(_OPERAND, source) else f"({source})"
        milliseconds = f"`int({operand}.total_seconds() * 1000)`"
        return Diagnostic(duration.place.span, message, f"Convert it to milliseconds: {milliseconds}.")
    return Diagnostic(duration.place.span, message, _FORMS)


def _check_string(duration: DurationArgument, text: str) -> Diagnostic | None:
    if not text.strip():
        return _check_blank_string(duration, text)
    if duration.parsed is not None:
        return None
    message = f"invalid duration {text!r}: {_EFFECTS[duration.use]}."
    correction = correct_duration(text)
    if correction is None:
        return Diagnostic(duration.place.span, message, _FORMS)
    fix = safe_fix(*replace_string(duration.place, text, correction))
    return Diagnostic(duration.place.span, message, f'Write "{correction}".', fix)


def _check_blank_string(duration: DurationArgument, text: str) -> Diagnostic | None:
    """Check a blank string. The engine reads it as 0, but ignores an empty string as the timeout of a wait."""
    if duration.use in _EFFECTS_OF_BLANK:
        message = f"the engine reads an empty duration as 0: {_EFFECTS_OF_BLANK[duration.use]}."
        return Diagnostic(duration.place.span, message, _FORMS, severity=Severity.WARNING)
    if duration.use is DurationUse.WAIT and not text:
        return None
    return Diagnostic(duration.place.span, f"empty duration: {_EFFECTS[duration.use]}.", _FORMS)


def _check_partial_string(duration: DurationArgument, text: str) -> Diagnostic | None:
    """Check a computed number with a constant unit: the engine requires a space between them."""
    partial = parse_partial_duration(text)
    if partial is None or partial.is_spaced or not partial.is_number or partial.intended_unit is None:
        return None
    message = f"the number and its unit `{partial.unit}` need a space between them: {_EFFECTS[duration.use]}."
    return Diagnostic(
        duration.place.span, message, f'Write f"{format_in_unit("{" + partial.field + "}", partial.intended_unit)}".'
    )


def _is_valid_or_reported(duration: DurationArgument) -> bool:
    """Return whether a value other than a string or a number is valid, or reported by another rule."""
    match duration.value:
        case Constant(value=None):
            return duration.use in (DurationUse.WAIT, DurationUse.DELAY)
        case Constant(value=bool(constant)):  # JavaScript reads True as 1, and False as 0 or no timeout
            return duration.use is DurationUse.SLEEP or (duration.use is DurationUse.WAIT and not constant)
    return duration.use is DurationUse.DELAY and isinstance(duration.value, StaticFunction | StaticStep)


RULE = Rule(
    code="SG109",
    name="invalid-duration",
    module=__name__,
    severity=Severity.ERROR,
    fixes=(Applicability.SAFE,),
    check=_check,
)
