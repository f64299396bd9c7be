"""Step names that the engine rejects."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from stepgraph.checks.analysis.bound_values import with_bound_values
from stepgraph.checks.analysis.steps import declarations_of, reachable_steps
from stepgraph.checks.analysis.value_kinds import kind_of
from stepgraph.checks.diagnostic import Diagnostic, Severity, first_diagnostics
from stepgraph.checks.rule import Rule
from stepgraph.ir.static_values import StaticObject, cases_of
from stepgraph.ir.values import Constant, Template

if TYPE_CHECKING:
    from stepgraph.checks.subject import WorkflowSubject
    from stepgraph.ir.facts import StepDeclared
    from stepgraph.ir.values import Value
    from stepgraph.syntax.module import SourcePlace

_MAX_LENGTH: Final = 256
_CONTROL: Final = re.compile("[\x00-\x1f]")
_CONTROL_NAMES: Final = {"\n": "a line break", "\r": "a carriage return", "\t": "a tab", "\0": "a NUL character"}
_BRACE: Final = "([{}])"
_MAX_QUOTED: Final = 40


def _check(subject: WorkflowSubject) -> Iterator[Diagnostic]:
    return first_diagnostics(_check_names(subject))


def _check_names(subject: WorkflowSubject) -> Iterator[Diagnostic]:
    running = reachable_steps(subject).all
    for definition, declared in declarations_of(subject).items():
        if definition in running:
            yield from _check_name(subject, declared)


def _check_name(subject: WorkflowSubject, declared: StepDeclared) -> Iterator[Diagnostic]:
    name = declared.arguments.find(0, "name")
    if name is not None and name.value != Constant(None):
        for passed in with_bound_values(subject, name.value, name.place):
            for value in cases_of(passed.value):
                yield from _check_name_value(value, passed.place)
    elif declared.function is not None and declared.arguments.whole:
        yield from _check_name_value(Constant(declared.function.name), declared.place)


def _check_name_value(value: Value, place: SourcePlace) -> Iterator[Diagnostic]:
    text = _static_text(value)
    if isinstance(value, StaticObject) and kind_of(value) is not None:
        source = place.brief_text
        yield Diagnostic(
            place.span,
            f"the step name `{source}` is {kind_of(value)}, not a string: it cannot be sent to the engine, and the step"
            " never runs.",
            f"Write `{source}.value`.",
        )
    if text is None:
        return
    control = _CONTROL.search(text)
    if control is not None:
        yield Diagnostic(
            place.span,
            f"the step name {_quote(text)} contains {_describe(control[0])}: the engine rejects it, and the step never"
            " runs.",
            "Remove it, or replace it with a space or `-`.",
        )
        return
    length = _length(text)
    if length > _MAX_LENGTH:
        at_least = "at least " if isinstance(value, Template) else ""
        yield Diagnostic(
            place.span,
            f"the step name {_quote(text)} has {at_least}{length} characters, but the engine allows {_MAX_LENGTH}: the"
            " step never runs.",
            "Shorten the name.",
        )


def _static_text(value: Value) -> str | None:
    """Return the text of a name without its computed parts. Return None if the constant parts are unknown."""
    match value:
        case Constant(value=str(text)):
            return text
        case Template(text=text):
            return _without_fields(text)
        case _:
            return None


def _without_fields(text: str) -> str | None:
    """Return the text outside of the fields of a template. Return None if braces in a field are unbalanced."""
    depth = 0
    outside: list[str] = []
    for part in re.split(_BRACE, text):
        if part in ("{", "}"):
            depth += 1 if part == "{" else -1
            if depth < 0:
                return None
        elif depth == 0:
            outside.append(part)
    return None if depth else "".join(outside)


def _length(text: str) -> int:
    """Return the length in UTF-16 code units, as in JavaScript."""
    return len(text) if text.isascii() else len(text) + sum(character > "\uffff" for character in text)


def _describe(character: str) -> str:
    return _CONTROL_NAMES.get(character, f"the control character U+{ord(character):04X}")


def _quote(text: str) -> str:
    return repr(text if len(text) <= _MAX_QUOTED else text[:_MAX_QUOTED] + "...")


RULE = Rule(
    code="SG111",
    name="invalid-step-name",
    module=__name__,
    severity=Severity.ERROR,
    check=_check,
)
