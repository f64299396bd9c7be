"""A suppression comment with an invalid form or an unknown rule."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from stepgraph.checks.diagnostic import Diagnostic, Severity
from stepgraph.checks.rule import Rule

if TYPE_CHECKING:
    from stepgraph.checks.suppression_index import SuppressionsSubject

_FORM = "`stepgraph: ignore[SG118] reason`, with the codes of rules in the brackets"


def _check(subject: SuppressionsSubject) -> Iterator[Diagnostic]:
    for ignore in subject.ignores:
        if not ignore.rules:
            yield Diagnostic(ignore.span, *_without_rules(ignore.text))
    for named, clause, advice in subject.invalid_rules():
        yield Diagnostic(named.span, f"{clause}, so nothing is ignored by it.", advice)


def _without_rules(text: str) -> tuple[str, str]:
    if "ignore-file" in text:
        message = f"`{text}` ignores nothing: there is no comment for a whole file."
        return message, "Name the file in `per-file-ignores` in `pyproject.toml`."
    names_something = "[" in text and "[]" not in text
    why = "that form is not understood" if names_something else "it has to name the rules"
    return f"`{text}` ignores nothing: {why}.", f"Write {_FORM}."


RULE = Rule(
    code="SG006",
    name="unknown-ignore",
    module=__name__,
    severity=Severity.WARNING,
    check_ignores=_check,
)
