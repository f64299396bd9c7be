"""Names of steps that the engine rejects."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from stepgraph.checks.analysis.steps import declarations_of
from stepgraph.checks.diagnostic import Diagnostic, Severity, first_diagnostics
from stepgraph.checks.rule import Rule
from stepgraph.ir.static_values import cases_of
from stepgraph.ir.values import Constant, Template

if TYPE_CHECKING:
    from stepgraph.checks.subject import WorkflowSubject
    from stepgraph.ir.facts import StepDeclared
    from stepgraph.ir.values import Value
    from stepgraph.syntax.module import Place

_LONGEST: Final = 256
_CONTROL: Final = re.compile("[\x00-\x1f]")
_CALLED: Final = {"\n": "a line break", "\r": "a carriage return", "\t": "a tab", "\0": "a NUL"}
_BRACE: Final = re.compile("([{}])")
_SHOWN: Final = 40


def _check(subject: WorkflowSubject) -> Iterator[Diagnostic]:
    return first_diagnostics(_matches(subject))


def _matches(subject: WorkflowSubject) -> Iterator[Diagnostic]:
    running = subject.reachable_steps.all
    for definition, declared in declarations_of(subject).items():
        if definition in running:
            yield from _judged(declared)


def _judged(declared: StepDeclared) -> Iterator[Diagnostic]:
    name = declared.arguments.find(0, "name")
    if name is not None and name.value != Constant(None):
        for value in cases_of(name.value):
            yield from _judged_text(value, name.place)
    elif declared.function is not None and declared.arguments.whole:
        yield from _judged_text(Constant(declared.function.name), declared.place)


def _judged_text(value: Value, place: Place) -> Iterator[Diagnostic]:
    text = _text_of(value)
    if text is None:
        return
    control = _CONTROL.search(text)
    if control is not None:
        yield Diagnostic(
            place.span,
            f"the step's name {_shown(text)} has {_name_of(control[0])} in it, which the engine refuses, so the step"
            " fails for good.",
            "Leave it out of the name, or write a space or `-` instead.",
        )
        return
    length = _length(text)
    if length > _LONGEST:
        at_least = "at least " if isinstance(value, Template) else ""
        yield Diagnostic(
            place.span,
            f"the step's name {_shown(text)} has {at_least}{length} characters, and the engine refuses more than"
            f" {_LONGEST}, so the step fails for good.",
            "Shorten the name.",
        )


def _text_of(value: Value) -> str | None:
    """Return the static text of a name, without its dynamic parts; None if these cannot be located."""
    match value:
        case Constant(value=str(text)):
            return text
        case Template(text=text):
            return _without_fields(text)
        case _:
            return None


def _without_fields(text: str) -> str | None:
    """Return the text without its fields, whose source may contain braces."""
    depth = 0
    outside: list[str] = []
    for part in _BRACE.split(text):
        if part in ("{", "}"):
            depth += 1 if part == "{" else -1
            if depth < 0:
                return None
        elif depth == 0:
            outside.append(part)
    return None if depth else "".join(outside)


def _length(text: str) -> int:
    """Return the length in UTF-16 code units, as in JavaScript."""
    return len(text) + sum(character > "\uffff" for character in text)


def _name_of(character: str) -> str:
    return _CALLED.get(character, f"the control character U+{ord(character):04X}")


def _shown(text: str) -> str:
    return repr(text if len(text) <= _SHOWN else text[:_SHOWN] + "...")


RULE = Rule(
    code="SG111",
    name="invalid-step-name",
    module=__name__,
    severity=Severity.ERROR,
    check=_check,
)
