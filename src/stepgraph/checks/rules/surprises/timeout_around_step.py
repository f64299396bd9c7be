"""Timeouts of asyncio around steps, which do not stop the step."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from stepgraph.checks.diagnostic import Diagnostic, Severity
from stepgraph.checks.rule import Rule
from stepgraph.ir.facts import WorkUnderTimeout

if TYPE_CHECKING:
    from stepgraph.checks.example import Example
    from stepgraph.checks.subject import WorkflowSubject


def _check(subject: WorkflowSubject) -> Iterator[Diagnostic]:
    """Skip sleeps: one that continues after the timeout has no effect."""
    last = {id(cut.place.node): cut for cut in subject.facts_of_type(WorkUnderTimeout)}
    for cut in last.values():
        if cut.what == "step":
            yield _of_steps(cut)
        elif cut.what == "wait":
            yield _of_waits(cut)


def _of_steps(cut: WorkUnderTimeout) -> Diagnostic:
    several = len(cut.names) > 1
    which = "steps" if several else "step"
    goes, it = ("go", "them") if several else ("goes", "it")
    return Diagnostic(
        cut.place.span,
        f"`{cut.by}` does not stop the {which} {_listed(cut.names)}, which {goes} on in the background;"
        f" another call would run {it} a second time.",
        f'Limit the {which} instead, with `config={{"timeout": "30 seconds"}}`, which holds for each attempt.',
    )


def _of_waits(cut: WorkUnderTimeout) -> Diagnostic:
    return Diagnostic(
        cut.place.span,
        f"`{cut.by}` does not end the wait {_listed(cut.names)}: the engine goes on waiting until the timeout of the"
        " wait itself.",
        'Give the wait its own limit: `wait_for_event(..., timeout="1 hour")`.',
    )


def _listed(names: tuple[str, ...]) -> str:
    return ", ".join(map(repr, names))


def _flagged() -> tuple[Example, ...]:
    from stepgraph.checks.example import in_run

    return (
        in_run(
            "a step with `wait_for`",
            """
            @step.do("render")
            async def render():
                return "done"

            await asyncio.wait_for(render(), 30)  # SG213
            """,
            imports="import asyncio",
        ),
        in_run(
            "a block with a timeout",
            """
            @step.do("reserve")
            async def reserve():
                return True

            @step.do("charge")
            async def charge():
                return True

            async with asyncio.timeout(60):  # SG213
                await reserve()
                await charge()
            """,
            imports="import asyncio",
        ),
        in_run(
            "a wait for an event",
            """
            try:
                await asyncio.wait_for(step.wait_for_event("approval", "approved"), 3600)  # SG213
            except TimeoutError:

                @step.do("escalate")
                async def escalate():
                    return True

                await escalate()
            """,
            imports="import asyncio",
        ),
    )


def _clean() -> tuple[Example, ...]:
    from stepgraph.checks.example import in_run

    return (
        in_run(
            "a step with a timeout of its own",
            """
            @step.do("render", config={"timeout": "30 seconds"})
            async def render():
                return "done"

            await render()
            """,
        ),
        in_run(
            "a timeout around a call in a step",
            """
            async def answer():
                return "done"

            @step.do("render")
            async def render():
                return await asyncio.wait_for(answer(), 30)

            await render()
            """,
            imports="import asyncio",
        ),
        in_run(
            "a step that is known to go on",
            """
            @step.do("render")
            async def render():
                return "done"

            rendering = asyncio.create_task(render())
            try:
                await asyncio.wait_for(asyncio.shield(rendering), 30)
            except TimeoutError:
                print("it takes longer")
            await rendering
            """,
            imports="import asyncio",
        ),
    )


RULE = Rule(
    code="SG213",
    name="timeout-around-step",
    severity=Severity.WARNING,
    summary="`asyncio.wait_for` or `asyncio.timeout` stands around a step or `wait_for_event`.",
    why="The timeout ends the wait in Python only. The engine goes on with the step, with its retries too, and calling"
    " the step again is a second run of it.",
    fix="Give the step a `timeout` in its `config`, and `wait_for_event` its own `timeout`. If the step is meant to go"
    " on, say so with `asyncio.shield`.",
    source="SDK: a step runs in a task of its own, which cancelling its caller does not reach; seen by running it.",
    flagged=_flagged,
    clean=_clean,
    check=_check,
)
