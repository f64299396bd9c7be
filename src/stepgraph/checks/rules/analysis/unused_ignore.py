"""A suppression comment without a finding."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from stepgraph.checks.diagnostic import Diagnostic, Severity
from stepgraph.checks.rule import Rule

if TYPE_CHECKING:
    from stepgraph.checks.example import Example
    from stepgraph.checks.suppression_index import SuppressionsSubject


def _check(subject: SuppressionsSubject) -> Iterator[Diagnostic]:
    for ignore, named in subject.unused:
        message = (
            f"{named.text} is not found here, so there is nothing to ignore; the comment would hide a later mistake."
        )
        is_only = len(ignore.rules) == 1
        yield Diagnostic(
            named.span, message, "Remove the comment." if is_only else f"Remove {named.text} from the comment."
        )


def _flagged() -> tuple[Example, ...]:
    from stepgraph.checks.example import in_run

    return (
        in_run(
            "what it was for has been put right",
            """
            @step.do("charge")
            async def charge():
                return 10

            await charge()  # stepgraph: ignore[SG118] # SG007
            """,
        ),
        in_run(
            "one rule of two",
            """
            @step.do("charge")
            async def charge():
                return 10

            await charge(10)  # stepgraph: ignore[SG118, SG007X] # SG006
            await charge()  # stepgraph: ignore[step-called-with-arguments] # SG007
            """,
        ),
        in_run(
            "a comment that has drifted from its line",
            """
            # stepgraph: ignore[SG118] # SG007
            @step.do("charge")
            async def charge():
                return 10

            await charge(10)
            """,
        ),
    )


def _clean() -> tuple[Example, ...]:
    from stepgraph.checks.example import in_run, module

    return (
        in_run(
            "at the end of a statement of several lines",
            """
            @step.do("render")
            async def render():
                return "done"

            await asyncio.wait_for(
                render(),
                30,
            )  # stepgraph: ignore[SG213] it may go on, we only stop to wait
            """,
            imports="import asyncio",
        ),
        in_run(
            "above the statement",
            """
            @step.do("audit")
            async def audit():
                return 10

            # Nobody has to wait for it.
            # stepgraph: ignore[SG204]
            asyncio.create_task(audit())
            """,
            imports="import asyncio",
        ),
        module(
            "in a class that is not analysed",
            """
            from workers import WorkflowEntrypoint


            class Payments:
                async def pay(self, charge):
                    await charge(10)  # stepgraph: ignore[SG118] only for steps that we wrap


            class Example(WorkflowEntrypoint):
                async def run(self, event, step):
                    @step.do("charge")
                    async def charge():
                        return 10

                    await charge()
            """,
        ),
    )


RULE = Rule(
    code="SG007",
    name="unused-ignore",
    severity=Severity.WARNING,
    summary="A comment ignores a rule that finds nothing there.",
    why="What the comment says of the code is no longer so, and it would hide a later mistake.",
    fix="Remove the comment, or the rule from it.",
    source="This package: what its rules find.",
    flagged=_flagged,
    clean=_clean,
    check_ignores=_check,
)
