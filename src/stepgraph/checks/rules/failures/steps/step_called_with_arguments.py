"""Steps that are called with arguments."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from stepgraph.checks.diagnostic import Diagnostic, Severity
from stepgraph.checks.rule import Rule
from stepgraph.ir.facts import StepCalled

if TYPE_CHECKING:
    from stepgraph.checks.example import Example
    from stepgraph.checks.subject import WorkflowSubject


def _check(subject: WorkflowSubject) -> Iterator[Diagnostic]:
    for call in subject.facts_of_type(StepCalled):
        place = next((argument.place for argument in call.arguments.items if not argument.star), None)
        if place is not None:
            yield Diagnostic(
                place.span,
                f"the step {call.definition.name!r} is called with `{place.text}`, but a step takes no arguments:"
                " the call fails with a TypeError.",
                "Call it without arguments: its function can read values from around it. For one step per value,"
                " declare it in a function that is given the value.",
            )


def _flagged() -> tuple[Example, ...]:
    from stepgraph.checks.example import in_run

    return (
        in_run(
            "an argument by position",
            """
            @step.do("charge")
            async def charge(amount):
                return amount

            await charge(10)  # SG118
            """,
        ),
        in_run(
            "an argument by name",
            """
            @step.do("charge")
            async def charge(amount=1):
                return amount

            await charge(amount=10)  # SG118
            """,
        ),
        in_run(
            "an element of a loop",
            """
            @step.do("notify")
            async def notify(user):
                return user

            for user in event["payload"]["users"]:
                await notify(user)  # SG118
            """,
        ),
    )


def _clean() -> tuple[Example, ...]:
    from stepgraph.checks.example import in_run

    return (
        in_run(
            "a value from around the step",
            """
            amount = event["payload"]["amount"]

            @step.do("charge")
            async def charge():
                return amount

            await charge()
            """,
        ),
        in_run(
            "a step made for each element",
            """
            def notifying(user):
                @step.do("notify " + user)
                async def notify():
                    return user

                return notify

            for user in event["payload"]["users"]:
                await notifying(user)()
            """,
        ),
        in_run(
            "a helper that is no step",
            """
            async def double(amount):
                @step.do("double")
                async def doubled():
                    return amount * 2

                return await doubled()

            await double(10)
            """,
        ),
    )


RULE = Rule(
    code="SG118",
    name="step-called-with-arguments",
    severity=Severity.ERROR,
    summary="A declared step is called with arguments.",
    why="What `@step.do(...)` makes of a function takes no arguments, so the call fails with a TypeError.",
    fix="Read the value from around the step's function; for one step per value, declare it in a function that is"
    " given the value.",
    source="SDK: the wrapper that `step.do` returns; seen by running it.",
    flagged=_flagged,
    clean=_clean,
    check=_check,
)
