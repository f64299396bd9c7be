"""Durations that the engine cannot parse."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from stepgraph.checks.analysis.duration_arguments import DurationArgument, DurationUse, duration_arguments
from stepgraph.checks.analysis.durations import (
    correct_duration,
    format_duration,
    format_in_unit,
    parse_duration,
    parse_partial_duration,
)
from stepgraph.checks.analysis.value_kinds import describe_wrong_kind, kind_of
from stepgraph.checks.diagnostic import Diagnostic, Severity
from stepgraph.checks.rule import Rule
from stepgraph.ir.facts import MethodCalled
from stepgraph.ir.static_values import StaticFunction, StaticStep
from stepgraph.ir.values import Constant, Duration, Template
from stepgraph.syntax.edits import Replacement

if TYPE_CHECKING:
    from stepgraph.checks.subject import WorkflowSubject

_FORMS: Final = (
    'Write a number and one unit (second, minute, hour, day, week, month, year), like "90 minutes", or a number of'
    " milliseconds."
)
_FAILS: Final = {
    DurationUse.SLEEP: "this sleep fails",
    DurationUse.WAIT: "this wait fails",
    DurationUse.DELAY: "the config is refused and the step fails for good",
    DurationUse.TIMEOUT: "the config is refused and the step fails for good",
}
_AT_ONCE: Final = {DurationUse.SLEEP: "this does not wait", DurationUse.DELAY: "retries follow at once"}


def _check(subject: WorkflowSubject) -> Iterator[Diagnostic]:
    for duration in duration_arguments(subject):
        match = _match(duration)
        if match is not None:
            yield match
    for call in subject.facts_of_type(MethodCalled):
        if call.method == "sleep" and call.arguments.whole and len(call.arguments.items) == 1:
            argument = call.arguments.items[0]
            if argument.keyword is None:
                message = f"`{call.place.text}` has no duration, so this sleep fails: a name comes first."
                yield Diagnostic(call.place.span, message, 'Give both, like `step.sleep("cool down", "10 minutes")`.')


def _match(duration: DurationArgument) -> Diagnostic | None:
    if isinstance(duration.value, Template):
        return _match_of_partial_text(duration, duration.value.text)
    if duration.text is not None:
        return _match_of_text(duration, duration.text)
    if duration.number is not None or _is_fine(duration):
        return None
    if duration.use is DurationUse.TIMEOUT and duration.value == Constant(None):
        message = f"`{duration.place.text}` takes the place of the default timeout, and no attempt can do without one."
        return Diagnostic(duration.place.span, message, "Leave the key out for the default of 10 minutes.")
    what = describe_wrong_kind(duration.value, duration.place.text)
    if what is None:
        return None
    message = f"{what}, and the engine takes text or a number, so {_FAILS[duration.use]}."
    if isinstance(duration.value, Duration):
        return Diagnostic(duration.place.span, message, f'Write "{format_duration(duration.value.milliseconds)}".')
    if kind_of(duration.value) == "a timedelta":
        in_milliseconds = f"`int({duration.place.text}.total_seconds() * 1000)`"
        return Diagnostic(duration.place.span, message, f"Write its milliseconds, {in_milliseconds}.")
    return Diagnostic(duration.place.span, message, _FORMS)


def _match_of_text(duration: DurationArgument, text: str) -> Diagnostic | None:
    if not text.strip():
        return _match_of_blank(duration, text)
    if parse_duration(text) is not None:
        return None
    message = f"the engine cannot read {text!r} as a duration, so {_FAILS[duration.use]}."
    meant = correct_duration(text)
    if meant is None:
        return Diagnostic(duration.place.span, message, _FORMS)
    quoted = duration.requote(meant)
    edits = () if quoted is None else (Replacement(duration.place, quoted),)
    return Diagnostic(duration.place.span, message, f'Write "{meant}".', edits)


def _match_of_blank(duration: DurationArgument, text: str) -> Diagnostic | None:
    """Check blank text, which counts as 0. An empty string as the timeout of a wait counts as no timeout."""
    if duration.use in _AT_ONCE:
        message = f"the duration is empty, which counts as 0, so {_AT_ONCE[duration.use]}."
        return Diagnostic(duration.place.span, message, _FORMS, severity=Severity.WARNING)
    if duration.use is DurationUse.WAIT and not text:
        return None
    return Diagnostic(duration.place.span, f"the duration is empty, so {_FAILS[duration.use]}.", _FORMS)


def _match_of_partial_text(duration: DurationArgument, text: str) -> Diagnostic | None:
    partial = parse_partial_duration(text)
    if partial is None or partial.is_spaced or not partial.is_number or partial.intended_unit is None:
        return None
    message = f"the engine cannot read a number with `{partial.unit}` at its end, so {_FAILS[duration.use]}."
    return Diagnostic(
        duration.place.span, message, f'Write f"{format_in_unit("{" + partial.field + "}", partial.intended_unit)}".'
    )


def _is_fine(duration: DurationArgument) -> bool:
    """Return whether a value that is neither text nor a number is accepted, or reported by another rule."""
    match duration.value:
        case Constant(value=None):
            return duration.use in (DurationUse.WAIT, DurationUse.DELAY)
        case Constant(value=bool(constant)):  # JavaScript reads these as 1 and 0, or as no timeout of a wait
            return duration.use is DurationUse.SLEEP or (duration.use is DurationUse.WAIT and not constant)
    return duration.use is DurationUse.DELAY and isinstance(duration.value, StaticFunction | StaticStep)


RULE = Rule(
    code="SG109",
    name="invalid-duration",
    module=__name__,
    severity=Severity.ERROR,
    check=_check,
)
