"""Calls of bindings and servers outside of steps."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from stepgraph.checks.diagnostic import Diagnostic, Severity
from stepgraph.checks.rule import Rule
from stepgraph.ir.facts import ExternalCallOutsideStep

if TYPE_CHECKING:
    from stepgraph.checks.example import Example
    from stepgraph.checks.subject import WorkflowSubject


def _check(subject: WorkflowSubject) -> Iterator[Diagnostic]:
    for call in subject.facts_of_type(ExternalCallOutsideStep):
        what = call.name.removeprefix("env.")
        yield Diagnostic(
            call.place.span,
            f"`{what}` is called outside of a step, so whenever `run` runs again, after a sleep or restart, its effect"
            " is repeated, and its answer may differ.",
            "Move the call into a step, and return from it what is needed of the answer.",
        )


def _flagged() -> tuple[Example, ...]:
    from stepgraph.checks.example import in_run, module

    return (
        in_run(
            "a binding of the environment",
            """
            @step.do("charge")
            async def charge():
                return event["payload"]["amount"]

            receipt = await charge()
            await self.env.RECEIPTS.put("latest", receipt)  # SG303
            """,
        ),
        in_run(
            "requests, one after another and at once",
            """
            response = await fetch("https://example.com/prices")  # SG303
            users, orders = await asyncio.gather(
                fetch("https://example.com/users"),  # SG303
                fetch("https://example.com/orders"),  # SG303
            )

            @step.do("store")
            async def store():
                return response.status

            await store()
            """,
            imports="""
            import asyncio
            from workers import WorkflowEntrypoint, fetch
            """,
        ),
        module(
            "a method that `run` calls, and one that a step calls too",
            """
            from workers import WorkflowEntrypoint


            class Example(WorkflowEntrypoint):
                async def run(self, event, step):
                    database = self.env.DB
                    rows = await database.prepare("SELECT * FROM users").all()  # SG303
                    await self.remember("rows", len(rows))

                    @step.do("mark")
                    async def mark():
                        await self.remember("marked", 1)

                    await mark()

                async def remember(self, key, value):
                    store = getattr(self.env, "KV")
                    await store.put(key, value)  # SG303
            """,
        ),
    )


def _clean() -> tuple[Example, ...]:
    from stepgraph.checks.example import in_run, module

    return (
        in_run(
            "a binding in a step",
            """
            @step.do("remember")
            async def remember():
                await self.env.KV.put("last", event["payload"]["id"])

            await remember()
            """,
        ),
        in_run(
            "what a binding says of itself, without asking anybody",
            """
            region = self.env.REGION.lower()
            name = self.env.ROOMS.idFromName(event["payload"]["room"])
            room = self.env.ROOMS.get(name)

            @step.do("open")
            async def open_room():
                await room.open(region)

            await open_room()
            """,
        ),
        module(
            "a client that steps use",
            """
            from workers import WorkflowEntrypoint, fetch


            class Client:
                def __init__(self, env):
                    self.env = env

                async def load(self, path):
                    response = await fetch(self.env.API + path)
                    return await response.json()


            class Example(WorkflowEntrypoint):
                async def run(self, event, step):
                    client = Client(self.env)

                    @step.do("load")
                    async def load():
                        return await client.load("/users")

                    await load()
            """,
        ),
    )


RULE = Rule(
    code="SG303",
    name="side-effect-outside-step",
    severity=Severity.WARNING,
    summary="A binding of `self.env`, or `fetch`, is called and awaited outside of a step.",
    why="Only results of steps are kept. Plain code runs again after each sleep, restart and retry: it writes again,"
    " sends again, and reads what has changed since.",
    fix="Move the call into a step, and return from it what is needed of the answer.",
    source="Documentation: no side effects outside of `step.do`.",
    flagged=_flagged,
    clean=_clean,
    check=_check,
)
