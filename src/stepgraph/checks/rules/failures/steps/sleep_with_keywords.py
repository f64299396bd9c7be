"""Sleeps with keyword arguments."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from stepgraph.checks.diagnostic import Diagnostic, Severity
from stepgraph.checks.rule import Rule
from stepgraph.ir.facts import MethodCalled, StaticArgument
from stepgraph.syntax.edits import Edit, Replacement

if TYPE_CHECKING:
    from stepgraph.checks.subject import WorkflowSubject

_PARAMETERS: Final = ("name", "duration")
_CALLEE: Final = re.compile(r"[\w.]+(?=\()")


def _check(subject: WorkflowSubject) -> Iterator[Diagnostic]:
    for call in subject.facts_of_type(MethodCalled):
        named = [argument for argument in call.arguments.items if argument.keyword is not None]
        if call.method != "sleep" or not named:
            continue
        yield Diagnostic(
            named[0].place.span,
            f"`{named[0].keyword}=` is a keyword, and JavaScript, to which `step.sleep` hands it, has none: the engine"
            " gets no duration, and the sleep fails.",
            'Give both by position, like `step.sleep("cool down", "10 minutes")`.',
            _by_position(call),
        )


def _by_position(call: MethodCalled) -> tuple[Edit, ...]:
    """Return the call with positional arguments, an empty string if its keywords are not the expected ones."""
    callee = _CALLEE.match(call.place.text)
    ordered = _ordered(call)
    if callee is None or ordered is None or call.place.span.line != call.place.span.end_line:
        return ()
    arguments = ", ".join(argument.place.text for argument in ordered)
    return (Replacement(call.place, f"{callee[0]}({arguments})"),)


def _ordered(call: MethodCalled) -> list[StaticArgument] | None:
    positional = call.arguments.positional
    named = {argument.keyword: argument for argument in call.arguments.items if argument.keyword is not None}
    remaining = _PARAMETERS[len(positional) :]
    if not call.arguments.whole or set(named) != set(remaining):
        return None
    # The keywords of `**{...}` have no position in the source.
    if not all(re.search(rf"\b{keyword} ?=", call.place.text) for keyword in remaining) or "*" in call.place.text:
        return None
    return [*positional, *(named[keyword] for keyword in remaining)]


RULE = Rule(
    code="SG119",
    name="sleep-with-keywords",
    module=__name__,
    severity=Severity.ERROR,
    check=_check,
)
