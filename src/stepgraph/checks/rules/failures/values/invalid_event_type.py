"""Event types that the engine rejects."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from msgspec.structs import replace

from stepgraph.checks.analysis.bound_values import with_bound_values
from stepgraph.checks.analysis.engine_names import NameFault, correct_name, find_name_fault
from stepgraph.checks.analysis.step_fixes import arguments_of_options, positional_edits, replace_arguments
from stepgraph.checks.analysis.value_kinds import may_be_guarded, simple_cases
from stepgraph.checks.diagnostic import Applicability, Diagnostic, Severity, safe_fix, unsafe_fix
from stepgraph.checks.rule import Rule
from stepgraph.ir.facts import MethodCalled
from stepgraph.ir.static_values import StaticArgument
from stepgraph.ir.values import Constant, Value
from stepgraph.syntax.edits.source_edits import Edit, replace_string

if TYPE_CHECKING:
    from stepgraph.checks.subject import WorkflowSubject

_PARAMETERS: Final = (("name",), ("type", "event_type"))

_JAVASCRIPT_COUNT: Final = 2
"""The number of arguments of a wait in JavaScript: its name and its options."""

_ADVICE: Final = "Write the event type that the sender uses."
_ADVICE_ON_CHARACTERS: Final = "Write letters, digits, hyphens and underscores, and send the event with the same type."


def _check(subject: WorkflowSubject) -> Iterator[Diagnostic]:
    for call in subject.facts_of_type(MethodCalled):
        if call.method != "wait_for_event":
            continue
        positional = call.arguments.positional
        if arguments := arguments_of_options(call):
            yield _diagnostic_of_options(call, arguments)
        elif len(positional) > 1:
            for passed in with_bound_values(subject, positional[1].value, positional[1].place):
                yield from _check_event_type(replace(positional[1], value=passed.value, place=passed.place))
        elif call.arguments.whole:
            yield _diagnostic_of_missing_type(call)


def _diagnostic_of_options(call: MethodCalled, arguments: list[str]) -> Diagnostic:
    """Report options in a dictionary, as in JavaScript. `arguments` is the source of the correct arguments."""
    return Diagnostic(
        call.arguments.positional[1].place.span,
        "the event type is a dictionary, not a string: Cloudflare rejects it, and the wait fails.",
        f"Write `{', '.join(arguments[1:])}` instead.",
        unsafe_fix(*replace_arguments(call, arguments)) if len(call.arguments.items) == _JAVASCRIPT_COUNT else None,
    )


def _diagnostic_of_missing_type(call: MethodCalled) -> Diagnostic:
    advice = 'Pass the name and the type by position, as in `step.wait_for_event("approval", "order-approved")`.'
    keywords = [argument for argument in call.arguments.items if argument.keyword not in (None, "timeout")]
    if keywords:
        message = (
            f"unsupported keyword `{keywords[0].keyword}=`: a wait takes its name and event type by position only, so"
            " it fails with a TypeError."
        )
        edits = positional_edits(call, _PARAMETERS, ("timeout",))
        correction = f"Write `{edits[0].text}`." if edits else advice
        return Diagnostic(keywords[0].name_span, message, correction, safe_fix(*edits))
    return Diagnostic(call.place.span, "this wait has no event type, so it fails with a TypeError.", advice)


def _check_event_type(argument: StaticArgument) -> Iterator[Diagnostic]:
    for value in simple_cases(argument.value):
        fault = find_name_fault(value)
        if fault is not None and not may_be_guarded(value, argument.place):
            message = f"the event type {fault.problem}: Cloudflare rejects it, and the wait fails."
            fix = unsafe_fix(*_character_edits(argument, value))
            yield Diagnostic(argument.place.span, message, _advice(fault, value), fix)


def _advice(fault: NameFault, value: Value) -> str:
    match fault.cause:
        case "kind" | "empty":
            return _ADVICE
        case "length":
            return "Shorten it, and send the event with the same type."
        case "characters":
            correction = correct_name(value)
            if correction is None:
                return _ADVICE_ON_CHARACTERS
            return f'Write "{correction}", and send the event with the same type.'


def _character_edits(argument: StaticArgument, value: Value) -> tuple[Edit, ...]:
    """Return the edit that replaces the invalid characters of a literal. The sender of the event must change, too."""
    correction = correct_name(value)
    if correction is None or not isinstance(value, Constant):
        return ()
    return replace_string(argument.place, str(value.value), correction)


RULE = Rule(
    code="SG112",
    name="invalid-event-type",
    module=__name__,
    severity=Severity.ERROR,
    fixes=(Applicability.SAFE, Applicability.UNSAFE),
    check=_check,
)
