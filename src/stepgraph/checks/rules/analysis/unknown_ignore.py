"""Suppression comments with invalid syntax, or with a rule that is unknown or cannot be suppressed by a comment."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from stepgraph.checks.diagnostic import Diagnostic, Severity
from stepgraph.checks.rule import Rule

if TYPE_CHECKING:
    from stepgraph.checks.suppression_index import SuppressionsSubject

_IGNORE = "stepgraph:?[ \\t]*ignor"
_RULE_CODE = r"\bSG\d{3}\b"
_EXAMPLE_CODE = "SG118"


def _check(subject: SuppressionsSubject) -> Iterator[Diagnostic]:
    for ignore in subject.ignores:
        if not ignore.rules:
            yield Diagnostic(ignore.span, *_explain_form(ignore.text))
    for named, clause, advice in subject.invalid_rules():
        yield Diagnostic(named.span, f"{clause}, so this entry has no effect.", advice)


def _explain_form(text: str) -> tuple[str, str]:
    """Return the message and advice for a comment without a valid list of rules."""
    codes = ", ".join(dict.fromkeys(map(str.upper, re.findall(_RULE_CODE, text, re.IGNORECASE)))) or _EXAMPLE_CODE
    directive = "ignore-file" if "ignore-file" in text.lower() else "ignore"
    advice = f"Write `stepgraph: {directive}[{codes}] reason`, with the rules in brackets."
    if text.lower().startswith("noqa"):
        return f"`{text}` has no effect on stepgraph's findings.", advice
    if not re.match(_IGNORE, text, re.IGNORECASE):
        return f"`{text}` has no effect: the only directives are `ignore` and `ignore-file`.", advice
    has_list = "[" in text and "[]" not in text
    reason = "its syntax is invalid" if has_list else "it must name the rules to ignore"
    return f"`{text}` has no effect: {reason}.", advice


RULE = Rule(
    code="SG006",
    name="unknown-ignore",
    module=__name__,
    severity=Severity.WARNING,
    check_ignores=_check,
)
