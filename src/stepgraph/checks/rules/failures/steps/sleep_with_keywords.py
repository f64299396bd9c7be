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
        keywords = [argument for argument in call.arguments.items if argument.keyword is not None]
        if call.method != "sleep" or not keywords:
            continue
        yield Diagnostic(
            keywords[0].place.span,
            f"unsupported keyword `{keywords[0].keyword}=`: `step.sleep` forwards its arguments to JavaScript, which"
            " lacks keyword arguments, so the sleep fails.",
            'Pass both by position, as in `step.sleep("cool down", "10 minutes")`.',
            _positional_edits(call),
        )


def _positional_edits(call: MethodCalled) -> tuple[Edit, ...]:
    """Return the edits that make all arguments positional. Return no edits if other keywords occur."""
    callee = _CALLEE.match(call.place.text)
    ordered = _arguments_in_order(call)
    if callee is None or ordered is None or call.place.span.line != call.place.span.end_line:
        return ()
    arguments = ", ".join(argument.place.text for argument in ordered)
    return (Replacement(call.place, f"{callee[0]}({arguments})"),)


def _arguments_in_order(call: MethodCalled) -> list[StaticArgument] | None:
    """Return the name and the duration. Return None if an argument is missing, unknown, or absent from the source."""
    positional = call.arguments.positional
    by_keyword = {argument.keyword: argument for argument in call.arguments.items if argument.keyword is not None}
    remaining = _PARAMETERS[len(positional) :]
    if not call.arguments.whole or set(by_keyword) != set(remaining):
        return None
    # The keywords of `**{...}` have no position in the source.
    if not all(re.search(rf"\b{keyword} ?=", call.place.text) for keyword in remaining) or "*" in call.place.text:
        return None
    return [*positional, *(by_keyword[keyword] for keyword in remaining)]


RULE = Rule(
    code="SG119",
    name="sleep-with-keywords",
    module=__name__,
    severity=Severity.ERROR,
    check=_check,
)
