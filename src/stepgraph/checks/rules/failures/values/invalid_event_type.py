"""Event types that the engine rejects."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from stepgraph.checks.analysis.positional_arguments import positional_edits
from stepgraph.checks.analysis.value_kinds import kind_of, may_be_guarded, simple_cases
from stepgraph.checks.diagnostic import Applicability, Diagnostic, Severity, safe_fix, unsafe_fix
from stepgraph.checks.rule import Rule
from stepgraph.ir.facts import MethodCalled, StaticArgument
from stepgraph.ir.values import Constant, Template, Value
from stepgraph.syntax.edits import Edit, replace_string

if TYPE_CHECKING:
    from stepgraph.checks.subject import WorkflowSubject

_VALID: Final = re.compile(r"[a-zA-Z0-9_][a-zA-Z0-9_-]*")
_PARAMETERS: Final = (("name",), ("type", "event_type"))
_INVALID_PART: Final = re.compile(r"[^a-zA-Z0-9_-]+")
_FIELD: Final = re.compile(r"\{[^{}]*\}")
_LONGEST: Final = 100

_ADVICE: Final = "Write the event type that the sender uses."
_ADVICE_ON_CHARACTERS: Final = "Write letters, digits, hyphens and underscores, and send the event with the same type."


def _check(subject: WorkflowSubject) -> Iterator[Diagnostic]:
    for call in subject.facts_of_type(MethodCalled):
        if call.method != "wait_for_event":
            continue
        positional = call.arguments.positional
        if len(positional) > 1:
            yield from _check_event_type(positional[1])
        elif call.arguments.whole:
            yield _diagnostic_of_missing_type(call)


def _diagnostic_of_missing_type(call: MethodCalled) -> Diagnostic:
    advice = 'Pass the name and the type by position, as in `step.wait_for_event("approval", "order-approved")`.'
    keywords = [argument for argument in call.arguments.items if argument.keyword not in (None, "timeout")]
    if keywords:
        message = (
            f"unsupported keyword `{keywords[0].keyword}=`: a wait takes its name and event type by position only, so"
            " it fails with a TypeError."
        )
        return Diagnostic(
            keywords[0].place.span, message, advice, safe_fix(*positional_edits(call, _PARAMETERS, ("timeout",)))
        )
    return Diagnostic(call.place.span, "this wait has no event type, so it fails with a TypeError.", advice)


def _check_event_type(argument: StaticArgument) -> Iterator[Diagnostic]:
    for value in simple_cases(argument.value):
        fault = _find_fault(value)
        if fault is not None and not may_be_guarded(value, argument.place):
            problem, advice = fault
            message = f"the event type {problem}: Cloudflare rejects it, and the wait fails."
            yield Diagnostic(argument.place.span, message, advice, unsafe_fix(*_character_edits(argument, value)))


def _character_edits(argument: StaticArgument, value: Value) -> tuple[Edit, ...]:
    """Return the edit that replaces the invalid characters of a literal. The sender of the event must change, too."""
    text = value.value if isinstance(value, Constant) and isinstance(value.value, str) else ""
    correction = _correct(text)
    return () if correction is None else replace_string(argument.place, text, correction)


def _find_fault(value: Value) -> tuple[str, str] | None:
    """Return a predicate with the problem of an event type, and advice. Return None for a valid or unknown type."""
    if isinstance(value, Template):
        return _find_fault_of_template(value.text)
    if not isinstance(value, Constant):
        kind = kind_of(value)
        return None if kind is None else (f"is {kind}, not a string", _ADVICE)
    text = value.value
    if not isinstance(text, str):
        return f"is `{text!r}`, not a string", _ADVICE
    if not text:
        return "is empty", _ADVICE
    if len(text) > _LONGEST:
        return f"has {len(text)} characters, more than 100", "Shorten it, and send the event with the same type."
    if _VALID.fullmatch(text):
        return None
    invalid = _INVALID_PART.search(text)
    problem = f"contains {_quote(invalid[0])}" if invalid else "starts with a hyphen"
    return f"{text!r} {problem}", _advice_on_characters(text)


def _quote(characters: str) -> str:
    return "a space" if characters == " " else repr(characters)


def _correct(text: str) -> str | None:
    """Return an event type without invalid characters, or None if it would be empty or too long."""
    correction = _INVALID_PART.sub("-", text).strip("-")
    return correction if _VALID.fullmatch(correction) and len(correction) <= _LONGEST else None


def _advice_on_characters(text: str) -> str:
    correction = _correct(text)
    if correction is None:
        return _ADVICE_ON_CHARACTERS
    return f'Write "{correction}", and send the event with the same type.'


def _find_fault_of_template(text: str) -> tuple[str, str] | None:
    """Return the problem of the static parts of a computed type, and advice. Return None if they are valid."""
    static_text = _FIELD.sub("", text)
    invalid = _INVALID_PART.search(static_text)
    if invalid is None or "{" in static_text or "}" in static_text:
        return None
    return f"contains {_quote(invalid[0])}", _ADVICE_ON_CHARACTERS


RULE = Rule(
    code="SG112",
    name="invalid-event-type",
    module=__name__,
    severity=Severity.ERROR,
    fixes=(Applicability.SAFE, Applicability.UNSAFE),
    check=_check,
)
