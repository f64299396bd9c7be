"""Tasks made from sleeps."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from stepgraph.checks.diagnostic import Diagnostic, Severity
from stepgraph.checks.rule import Rule
from stepgraph.ir.facts import SleepAsTask

if TYPE_CHECKING:
    from stepgraph.checks.example import Example
    from stepgraph.checks.subject import WorkflowSubject


def _check(subject: WorkflowSubject) -> Iterator[Diagnostic]:
    for sleep in subject.facts_of_type(SleepAsTask):
        source = sleep.place.text
        yield Diagnostic(
            sleep.place.span,
            f"`{source}` is a future, and `{sleep.callee_place.text}` takes a coroutine, so it fails with a TypeError.",
            f"It has begun already: `await {source}` where it has to be over."
            if source.isidentifier()
            else f"A sleep begins at its call: keep it, `nap = {source}`, and `await nap` where it has to be over.",
        )


def _flagged() -> tuple[Example, ...]:
    from stepgraph.checks.example import in_run

    return (
        in_run(
            "a pause beside a step",
            """
            @step.do("render")
            async def render():
                return "done"

            pause = asyncio.create_task(step.sleep("at least", "1 minute"))  # SG127
            await render()
            await pause
            """,
            imports="import asyncio",
        ),
        in_run(
            "in a task group",
            """
            @step.do("render")
            async def render():
                return "done"

            async with asyncio.TaskGroup() as group:
                group.create_task(render())
                group.create_task(step.sleep("at least", "1 minute"))  # SG127
            """,
            imports="import asyncio",
        ),
        in_run(
            "a sleep until a time, in a name",
            """
            @step.do("announce")
            async def announce():
                return True

            start = step.sleep_until("start", datetime.now(timezone.utc) + timedelta(hours=1))
            task = asyncio.get_running_loop().create_task(start)  # SG127
            await announce()
            await task
            """,
            imports="import asyncio\nfrom datetime import datetime, timedelta, timezone",
        ),
    )


def _clean() -> tuple[Example, ...]:
    from stepgraph.checks.example import in_run

    return (
        in_run(
            "a sleep that is kept and awaited later",
            """
            @step.do("render")
            async def render():
                return "done"

            pause = step.sleep("at least", "1 minute")
            await render()
            await pause
            """,
        ),
        in_run(
            "what takes a future as well",
            """
            await asyncio.gather(step.sleep("gathered", "1 minute"))
            await asyncio.wait([asyncio.ensure_future(step.sleep("ensured", "1 minute"))])
            await asyncio.shield(step.sleep("shielded", "1 minute"))
            """,
            imports="import asyncio",
        ),
        in_run(
            "a coroutine with a sleep in it",
            """
            async def rest():
                await step.sleep("at least", "1 minute")

            @step.do("render")
            async def render():
                return "done"

            async with asyncio.TaskGroup() as group:
                group.create_task(rest())
                group.create_task(render())
            """,
            imports="import asyncio",
        ),
        in_run(
            "a wait for an event, which is a coroutine",
            """
            waiting = asyncio.create_task(step.wait_for_event("approval", "approved", timeout="1 day"))
            await step.sleep("give them time", "1 hour")
            await waiting
            """,
            imports="import asyncio",
        ),
    )


RULE = Rule(
    code="SG127",
    name="sleep-as-task",
    severity=Severity.ERROR,
    summary="A task is made of `step.sleep` or `step.sleep_until`.",
    why="These begin when they are called, and give a future. `asyncio.create_task` and the `create_task` of a loop or"
    " task group take a coroutine, and raise a TypeError for anything else.",
    fix="Keep what the sleep gives, and await it where it has to be over. `gather`, `wait` and `ensure_future` take it"
    " too.",
    source="SDK: `sleep`, `sleep_until`; Python: `asyncio.Task`; seen by running it.",
    flagged=_flagged,
    clean=_clean,
    check=_check,
)
