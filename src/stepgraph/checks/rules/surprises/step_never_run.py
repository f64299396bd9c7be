"""Steps that are declared and never run."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from stepgraph.checks.diagnostic import Confidence, Diagnostic, Severity
from stepgraph.checks.rule import Rule
from stepgraph.ir.facts import StepNeverCalled, UnresolvedStepParameter

if TYPE_CHECKING:
    from stepgraph.checks.example import Example
    from stepgraph.checks.subject import WorkflowSubject


def _check(subject: WorkflowSubject) -> Iterator[Diagnostic]:
    wanted = {unknown.parameter.name for unknown in subject.facts_of_type(UnresolvedStepParameter)}
    for fact in subject.facts_of_type(StepNeverCalled):
        step = fact.definition
        message = f"the step {step.name!r} is declared and never called, so it never runs."
        yield Diagnostic(fact.place.span, message, _advice(step.function_name, is_wanted=step.function_name in wanted))


def _advice(function: str, *, is_wanted: bool) -> str:
    if is_wanted:
        return f"The parameter `{function}` of another step is meant for it: see what is said of that."
    return f"Call it, `await {function}()`, or remove it."


def _flagged() -> tuple[Example, ...]:
    from stepgraph.checks.example import in_run

    return (
        in_run(
            "a step whose call was forgotten",
            """
            @step.do("reserve")
            async def reserve():
                return True

            @step.do("charge")  # SG202
            async def charge():
                return True

            await reserve()
            """,
        ),
        in_run(
            "a step that would need another",
            """
            @step.do("order")
            async def order():
                return {"id": 1}

            @step.do("invoice")  # SG202
            async def invoice(order):
                return order

            await order()
            """,
        ),
        in_run(
            "a step that another one names by its function",
            """
            @step.do("fetch photos")  # SG202
            async def fetch_photos():
                return []

            @step.do("estimate")
            async def estimate(fetch_photos):  # SG101
                return len(fetch_photos)

            await estimate()
            """,
        ),
        in_run(
            "a declaration that looks like a call",
            """
            async def send_mail():
                return True

            step.do("send mail")(send_mail)  # SG202

            await step.sleep("settle", "1 minute")
            """,
        ),
    )


def _clean() -> tuple[Example, ...]:
    from stepgraph.checks.example import in_run

    return (
        in_run(
            "a step that runs because another needs it",
            """
            @step.do("order")
            async def order():
                return {"id": 1}

            @step.do("invoice")
            async def invoice(order):
                return order

            await invoice()
            """,
        ),
        in_run(
            "a step that is called on some days only",
            """
            @step.do("report")
            async def report():
                return True

            @step.do("collect")
            async def collect():
                return True

            await collect()
            if event["payload"]["is_monday"]:
                await report()
            """,
        ),
        in_run(
            "steps in a table",
            """
            @step.do("approve")
            async def approve():
                return True

            @step.do("reject")
            async def reject():
                return False

            handlers = {"yes": approve, "no": reject}
            await handlers.get(event["payload"]["answer"], reject)()
            """,
        ),
    )


RULE = Rule(
    code="SG202",
    name="step-never-run",
    severity=Severity.WARNING,
    confidence=Confidence.MEDIUM,
    summary="A step is declared, and nothing can call it.",
    why="`@step.do(...)` declares a step; it runs when it is called, or when a step that needs it is.",
    fix="Await a call of it, or remove it.",
    source="SDK: the decorator hands back a function, and calls nothing; seen by running it.",
    flagged=_flagged,
    clean=_clean,
    check=_check,
)
