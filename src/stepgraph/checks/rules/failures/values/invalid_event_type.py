"""Event types that the engine rejects."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from stepgraph.checks.analysis.value_kinds import kind_of, may_be_guarded, simple_cases
from stepgraph.checks.diagnostic import Diagnostic, Severity
from stepgraph.checks.rule import Rule
from stepgraph.ir.facts import MethodCalled, StaticArgument
from stepgraph.ir.values import Constant, Template, Value

if TYPE_CHECKING:
    from stepgraph.checks.subject import WorkflowSubject

_VALID: Final = re.compile(r"[a-zA-Z0-9_][a-zA-Z0-9_-]*")
_INVALID_PART: Final = re.compile(r"[^a-zA-Z0-9_-]+")
_FIELD: Final = re.compile(r"\{[^{}]*\}")
_LONGEST: Final = 100


def _check(subject: WorkflowSubject) -> Iterator[Diagnostic]:
    for call in subject.facts_of_type(MethodCalled):
        if call.method != "wait_for_event":
            continue
        positional = call.arguments.positional
        if len(positional) > 1:
            yield from _of_argument(positional[1])
        elif call.arguments.whole:
            yield _of_missing(call)


def _of_missing(call: MethodCalled) -> Diagnostic:
    advice = 'Give the name and the type by position, like `step.wait_for_event("approval", "order-approved")`.'
    named = [argument for argument in call.arguments.items if argument.keyword not in (None, "timeout")]
    if named:
        message = (
            f"`{named[0].keyword}=` fails with a TypeError: a wait takes its name and event type by position only."
        )
        return Diagnostic(named[0].place.span, message, advice)
    return Diagnostic(call.place.span, "this wait has no event type, so it fails with a TypeError.", advice)


def _of_argument(argument: StaticArgument) -> Iterator[Diagnostic]:
    for value in simple_cases(argument.value):
        fault = _fault(value)
        if fault is not None and not may_be_guarded(value, argument.place):
            what, advice = fault
            yield Diagnostic(
                argument.place.span, f"the event type {what}, so the engine refuses it and the wait fails.", advice
            )


def _fault(value: Value) -> tuple[str, str] | None:
    if isinstance(value, Template):
        return _fault_of_parts(value.text)
    if not isinstance(value, Constant):
        kind = kind_of(value)
        return None if kind is None else (f"is {kind}, not text", "Write the type under which the event is sent.")
    text = value.value
    if not isinstance(text, str):
        return f"is {text!r}, not text", "Write the type under which the event is sent."
    if not text:
        return "is empty", "Write the type under which the event is sent."
    if len(text) > _LONGEST:
        return f"has {len(text)} characters, more than 100", "Write a shorter one, and send the event under it."
    if _VALID.fullmatch(text):
        return None
    return f"{text!r} {_why(text)}", _advice(text)


def _why(text: str) -> str:
    invalid = _INVALID_PART.search(text)
    return f"has {_named(invalid[0])} in it" if invalid else "begins with a hyphen"


def _named(characters: str) -> str:
    return "a space" if characters == " " else repr(characters)


def _advice(text: str) -> str:
    right = _INVALID_PART.sub("-", text).strip("-")
    if not _VALID.fullmatch(right):
        return "Write letters, digits, hyphens and underscores, and send the event under the same type."
    return f'Write "{right}", and send the event under the same type.'


def _fault_of_parts(text: str) -> tuple[str, str] | None:
    """Return the fault of the static parts of a text."""
    static_text = _FIELD.sub("", text)
    invalid = _INVALID_PART.search(static_text)
    if invalid is None or "{" in static_text or "}" in static_text:
        return None
    return (
        f"has {_named(invalid[0])} in it",
        "Write letters, digits, hyphens and underscores, and send the event under the same type.",
    )


RULE = Rule(
    code="SG112",
    name="invalid-event-type",
    module=__name__,
    severity=Severity.ERROR,
    check=_check,
)
