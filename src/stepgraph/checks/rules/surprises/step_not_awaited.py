"""Calls of steps, waits and functions with steps that are not awaited."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from stepgraph.checks.diagnostic import Diagnostic, Severity
from stepgraph.checks.rule import Rule
from stepgraph.ir.facts import NeverAwaited
from stepgraph.syntax.edits import AddedAwait

if TYPE_CHECKING:
    from stepgraph.checks.example import Example
    from stepgraph.checks.subject import WorkflowSubject

_WHAT: Final = {
    "step": "so the step {name!r} never runs",
    "wait": "so the workflow does not wait for {name!r}",
    "function": "so `{name}` never runs, and no step in it",
}


def _check(subject: WorkflowSubject) -> Iterator[Diagnostic]:
    for call in subject.facts_of_type(NeverAwaited):
        if call.work not in _WHAT:
            continue
        advice = "Write `await` before it."
        if not call.is_expression_statement:
            advice = "Await it: without, this is a coroutine that has not begun, and not the result."
        yield Diagnostic(
            call.place.span,
            f"`{call.place.text}` is never awaited, {_WHAT[call.work].format(name=call.name)}.",
            advice,
            (AddedAwait(call.place),) if call.is_expression_statement else (),
        )


def _flagged() -> tuple[Example, ...]:
    from stepgraph.checks.example import in_run, module

    return (
        in_run(
            "a step",
            """
            @step.do("charge")
            async def charge():
                return {"paid": True}

            charge()  # SG201
            """,
        ),
        in_run(
            "a result that is used as if it were there",
            """
            @step.do("look up")
            async def look_up():
                return {"email": "ada@example.com"}

            customer = look_up()  # SG201
            email = customer["email"]
            """,
        ),
        in_run(
            "a wait for an approval",
            """
            step.wait_for_event("approval", "approved", timeout="1 day")  # SG201

            @step.do("publish")
            async def publish():
                return True

            await publish()
            """,
        ),
        module(
            "a method that runs steps",
            """
            from workers import WorkflowEntrypoint


            class Example(WorkflowEntrypoint):
                async def run(self, event, step):
                    self.notify(step)  # SG201

                async def notify(self, step):
                    @step.do("send mail")
                    async def send_mail():
                        return True

                    await send_mail()
            """,
        ),
        in_run(
            "a timeout that is not awaited either",
            """
            @step.do("scan")
            async def scan():
                return True

            asyncio.wait_for(scan(), 60)  # SG201
            """,
            imports="import asyncio",
        ),
    )


def _clean() -> tuple[Example, ...]:
    from stepgraph.checks.example import in_run, module

    return (
        in_run(
            "a coroutine that is awaited later",
            """
            @step.do("charge")
            async def charge():
                return {"paid": True}

            charging = charge()
            amount = event["payload"]["amount"]
            if amount:
                await charging
            """,
        ),
        in_run(
            "coroutines that are collected and gathered",
            """
            def notifying(user):
                @step.do(f"notify {user}")
                async def notify():
                    return user

                return notify

            pending = []
            for user in event["payload"]["users"]:
                pending.append(notifying(user)())
            await asyncio.gather(*pending)
            """,
            imports="import asyncio",
        ),
        module(
            "a function that is called without `await`, and has no steps",
            """
            from workers import WorkflowEntrypoint


            async def warm_up():
                return None


            class Example(WorkflowEntrypoint):
                def run(self, event, step):
                    @step.do("charge")
                    async def charge():
                        return True

                    warm_up().close()
                    return charge()
            """,
        ),
    )


RULE = Rule(
    code="SG201",
    name="step-not-awaited",
    severity=Severity.WARNING,
    summary="A step, `wait_for_event` or a function that runs steps is called, and the call is never awaited.",
    why="The call makes a coroutine, which does nothing until it is awaited: the step never runs, without an error.",
    fix="Write `await` before the call, or hand it to `asyncio.gather` and await that.",
    source="SDK: the wrapper that `step.do` returns and `wait_for_event` are coroutine functions; seen by running it."
    " Rules of Workflows: always await steps.",
    flagged=_flagged,
    clean=_clean,
    check=_check,
)
