"""Suppression comments, or single rules in them, that suppress no finding."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from stepgraph.checks.diagnostic import Diagnostic, Severity
from stepgraph.checks.rule import Rule
from stepgraph.checks.selectors import ALL

if TYPE_CHECKING:
    from stepgraph.checks.suppression_index import SuppressionsSubject


def _check(subject: SuppressionsSubject) -> Iterator[Diagnostic]:
    for ignore, named in subject.unused:
        reporter = "stepgraph" if named.text == ALL else f"`{named.text}`"
        area = "in this file" if ignore.applies_to_file else "here"
        message = f"{reporter} reports nothing {area}, so the comment can only hide future findings."
        is_only = len(ignore.rules) == 1
        advice = "Remove the comment." if is_only else f"Remove `{named.text}` from the comment."
        yield Diagnostic(named.span, message, advice)


RULE = Rule(
    code="SG007",
    name="unused-ignore",
    module=__name__,
    severity=Severity.WARNING,
    check_ignores=_check,
    flags_unused_code=True,
)
