"""Races outside of steps, whose winner may differ on replay."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from stepgraph.checks.diagnostic import Diagnostic, Severity
from stepgraph.checks.rule import Rule
from stepgraph.ir.facts import RaceOutsideStep

if TYPE_CHECKING:
    from stepgraph.checks.example import Example
    from stepgraph.checks.subject import WorkflowSubject


def _check(subject: WorkflowSubject) -> Iterator[Diagnostic]:
    """Skip loops that wait for one task after another until all are done, as these await every task."""
    last = {id(race.place.node): race for race in subject.facts_of_type(RaceOutsideStep)}
    for race in last.values():
        if race.loop_continues:
            continue
        names = ", ".join(map(repr, race.names))
        yield Diagnostic(
            race.place.span,
            f"which of {names} finishes first is not kept: when `run` runs again, another may win.",
            "Race inside a step, whose result is kept. For a time limit, give the step or the wait a `timeout`.",
        )


def _flagged() -> tuple[Example, ...]:
    from stepgraph.checks.example import in_run

    return (
        in_run(
            "the faster of two steps",
            """
            @step.do("ask the first")
            async def first():
                return "first"

            @step.do("ask the second")
            async def second():
                return "second"

            tasks = [asyncio.create_task(first()), asyncio.create_task(second())]
            done, pending = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)  # SG307
            return [task.result() for task in done]
            """,
            imports="import asyncio",
        ),
        in_run(
            "a sleep as a time limit",
            """
            @step.do("render")
            async def render():
                return "done"

            rendering = asyncio.ensure_future(render())
            limit = asyncio.ensure_future(step.sleep("limit", "5 minutes"))
            await asyncio.wait({rendering, limit}, return_when="FIRST_COMPLETED")  # SG307
            return "in time" if rendering.done() else "too late"
            """,
            imports="import asyncio",
        ),
        in_run(
            "a race of promises",
            """
            @step.do("ask the first")
            async def first():
                return "first"

            @step.do("ask the second")
            async def second():
                return "second"

            return await Promise.race(to_js([first(), second()]))  # SG307
            """,
            imports="from js import Promise\nfrom pyodide.ffi import to_js",
        ),
    )


def _clean() -> tuple[Example, ...]:
    from stepgraph.checks.example import in_run

    return (
        in_run(
            "a race inside a step",
            """
            async def ask(host):
                return host

            @step.do("ask both")
            async def ask_both():
                tasks = [asyncio.create_task(ask("a")), asyncio.create_task(ask("b"))]
                done, pending = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
                return done.pop().result()

            await ask_both()
            """,
            imports="import asyncio",
        ),
        in_run(
            "all of them, as they are over",
            """
            def resizing(image):
                @step.do(f"resize {image}")
                async def resize():
                    return image

                return resize

            pending = {asyncio.create_task(resizing(image)()) for image in event["payload"]["images"]}
            while pending:
                done, pending = await asyncio.wait(pending, return_when=asyncio.FIRST_COMPLETED)
                print(len(done))
            """,
            imports="import asyncio",
        ),
        in_run(
            "a wait for all, or the first error",
            """
            @step.do("reserve")
            async def reserve():
                return True

            @step.do("charge")
            async def charge():
                return True

            tasks = [asyncio.create_task(reserve()), asyncio.create_task(charge())]
            await asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION)
            """,
            imports="import asyncio",
        ),
    )


RULE = Rule(
    code="SG307",
    name="race-outside-step",
    severity=Severity.WARNING,
    summary="Steps, sleeps or waits race outside of a step: `FIRST_COMPLETED`, `Promise.race` or `Promise.any`.",
    why="Who wins is not kept. When `run` runs again after a sleep, restart or retry, the results of all that have"
    " finished are there at once, so that another may win, and the workflow goes another way.",
    fix="Put the race into a step, whose result is kept. For a time limit, use `timeout`.",
    source="Rules of Workflows: take care with `Promise.race()` and `Promise.any()`.",
    flagged=_flagged,
    clean=_clean,
    check=_check,
)
