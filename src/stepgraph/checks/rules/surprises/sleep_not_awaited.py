"""Sleeps that are not awaited."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from stepgraph.checks.diagnostic import Diagnostic, Severity
from stepgraph.checks.rule import Rule
from stepgraph.ir.facts import NeverAwaited
from stepgraph.syntax.edits import AddedAwait

if TYPE_CHECKING:
    from stepgraph.checks.example import Example
    from stepgraph.checks.subject import WorkflowSubject


def _check(subject: WorkflowSubject) -> Iterator[Diagnostic]:
    """Skip sleeps inside steps, which another rule reports."""
    nested = {id(visit.operation.place.node) for visit in subject.operations if visit.in_step is not None}
    for sleep in subject.facts_of_type(NeverAwaited):
        if sleep.work != "sleep" or id(sleep.place.node) in nested:
            continue
        yield Diagnostic(
            sleep.place.span,
            f"the sleep {sleep.name!r} is never awaited: it starts here, and the workflow goes on at once.",
            "Write `await` before it." if sleep.is_expression_statement else "Await it where the workflow is to pause.",
            (AddedAwait(sleep.place),) if sleep.is_expression_statement else (),
        )


def _flagged() -> tuple[Example, ...]:
    from stepgraph.checks.example import in_run

    return (
        in_run(
            "a pause between two steps",
            """
            @step.do("remind")
            async def remind():
                return True

            await remind()
            step.sleep("give them a day", "1 day")  # SG203
            await remind()
            """,
        ),
        in_run(
            "a sleep in a loop",
            """
            for attempt in range(3):
                @step.do(f"poll {attempt}")
                async def poll():
                    return attempt

                await poll()
                step.sleep(f"pause {attempt}", "30 seconds")  # SG203
            """,
        ),
        in_run(
            "a sleep until a time, under a name that is not used again",
            """
            timer = step.sleep_until("due", event["payload"]["due"])  # SG203

            @step.do("renew")
            async def renew():
                return True

            await renew()
            """,
        ),
    )


def _clean() -> tuple[Example, ...]:
    from stepgraph.checks.example import in_run, module

    return (
        in_run(
            "a sleep that runs beside a step",
            """
            @step.do("provision")
            async def provision():
                return True

            pause = step.sleep("at least a minute", "1 minute")
            await provision()
            await pause
            """,
        ),
        in_run(
            "a sleep that is gathered",
            """
            @step.do("provision")
            async def provision():
                return True

            await asyncio.gather(provision(), step.sleep("at least a minute", "1 minute"))
            """,
            imports="import asyncio",
        ),
        module(
            "a sleep that a helper returns",
            """
            from workers import WorkflowEntrypoint


            def pause(step, name):
                return step.sleep(name, "1 minute")


            class Example(WorkflowEntrypoint):
                async def run(self, event, step):
                    @step.do("poll")
                    async def poll():
                        return True

                    await pause(step, "before")
                    await poll()
            """,
        ),
    )


RULE = Rule(
    code="SG203",
    name="sleep-not-awaited",
    severity=Severity.WARNING,
    summary="Nothing waits for a `step.sleep` or `step.sleep_until`.",
    why="A sleep starts when it is called. Without an `await` the next statement runs at once, as if there were none.",
    fix="Write `await` before it.",
    source="SDK: `sleep` hands back the promise of the engine, which has begun; seen by running it.",
    flagged=_flagged,
    clean=_clean,
    check=_check,
)
