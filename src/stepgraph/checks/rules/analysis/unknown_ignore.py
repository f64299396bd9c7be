"""A suppression comment with an invalid form or an unknown rule."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from stepgraph.checks.diagnostic import Diagnostic, Severity
from stepgraph.checks.rule import Rule

if TYPE_CHECKING:
    from stepgraph.checks.example import Example
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


def _flagged() -> tuple[Example, ...]:
    from stepgraph.checks.example import in_run

    return (
        in_run(
            "no rule is named",
            """
            @step.do("charge")
            async def charge():
                return 10

            await charge(10)  # stepgraph: ignore # SG006
            """,
        ),
        in_run(
            "a code that there is not",
            """
            @step.do("charge")
            async def charge():
                return 10

            await charge(10)  # stepgraph: ignore[SG18] the amount is of no use # SG006
            """,
        ),
        in_run(
            "the form of another tool",
            """
            @step.do("charge")
            async def charge():
                return 10

            await charge(10)  # stepgraph: noqa[SG118] # SG006
            """,
        ),
        in_run(
            "what several codes begin with",
            """
            @step.do("charge")
            async def charge():
                return 10

            # stepgraph: ignore[SG1] # SG006
            await charge(10)
            """,
        ),
    )


def _clean() -> tuple[Example, ...]:
    from stepgraph.checks.example import in_run

    return (
        in_run(
            "a code, with a reason",
            """
            @step.do("export", config={"timeout": "2 hours"})  # stepgraph: ignore[SG309] nobody can split an export
            async def export():
                return 10

            await export()
            """,
        ),
        in_run(
            "a name, beside what another tool is told",
            """
            @step.do("audit")
            async def audit():
                return 10

            asyncio.create_task(audit())  # type: ignore[unused-awaitable]  # stepgraph: ignore[task-never-awaited]
            """,
            imports="import asyncio",
        ),
        in_run(
            "words about this package",
            """
            # stepgraph: ignores what is between the steps, as the graph of the dashboard does.
            @step.do("charge")
            async def charge():
                return "# stepgraph: ignore"

            await charge()
            """,
        ),
    )


RULE = Rule(
    code="SG006",
    name="unknown-ignore",
    severity=Severity.WARNING,
    summary="A comment is meant to ignore something, and names no rule that there is.",
    why="Nothing is ignored by it: the finding that it is meant for is reported, or a later one will be.",
    fix="Name the rules in brackets by their codes or names: `# stepgraph: ignore[SG118] reason`.",
    source="This package: how comments are read.",
    flagged=_flagged,
    clean=_clean,
    check_ignores=_check,
)
