"""Dependencies that the SDK runs more than once."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from stepgraph.checks.diagnostic import Diagnostic, Severity
from stepgraph.checks.rule import Rule

if TYPE_CHECKING:
    from stepgraph.checks.example import Example
    from stepgraph.checks.subject import WorkflowSubject


def _check(subject: WorkflowSubject) -> Iterator[Diagnostic]:
    for note in subject.notes_with_code("dependency-runs-twice"):
        yield Diagnostic(
            note.span,
            note.message,
            "Await it before the steps that need it: they then take its result.",
        )


def _flagged() -> tuple[Example, ...]:
    from stepgraph.checks.example import in_run

    return (
        in_run(
            "a concurrent diamond on a step that needs another one",
            """
            @step.do("token")
            async def token():
                return "secret"

            @step.do("session")  # SG209
            async def session(token):
                return token

            @step.do("orders")
            async def orders(session):
                return [session]

            @step.do("invoices")
            async def invoices(session):
                return [session]

            @step.do("report", concurrent=True)
            async def report(orders, invoices):
                return orders + invoices

            await report()
            """,
        ),
        in_run(
            "a gather of steps that need the same one",
            """
            @step.do("token")
            async def token():
                return "secret"

            @step.do("session")  # SG209
            async def session(token):
                return token

            @step.do("orders")
            async def orders(session):
                return [session]

            @step.do("invoices")
            async def invoices(session):
                return [session]

            await asyncio.gather(orders(), invoices())
            """,
            imports="import asyncio",
        ),
        in_run(
            "a task that needs what is called meanwhile",
            """
            @step.do("token")
            async def token():
                return "secret"

            @step.do("session")  # SG209
            async def session(token):
                return token

            @step.do("orders")
            async def orders(session):
                return [session]

            task = asyncio.create_task(orders())
            await session()
            await task
            """,
            imports="import asyncio",
        ),
    )


def _clean() -> tuple[Example, ...]:
    from stepgraph.checks.example import in_run

    return (
        in_run(
            "a diamond in turn",
            """
            @step.do("token")
            async def token():
                return "secret"

            @step.do("session")
            async def session(token):
                return token

            @step.do("orders")
            async def orders(session):
                return [session]

            @step.do("invoices")
            async def invoices(session):
                return [session]

            @step.do("report")
            async def report(orders, invoices):
                return orders + invoices

            await report()
            """,
        ),
        in_run(
            "a shared step that needs nothing",
            """
            @step.do("session")
            async def session():
                return "secret"

            @step.do("orders")
            async def orders(session):
                return [session]

            @step.do("invoices")
            async def invoices(session):
                return [session]

            @step.do("report", concurrent=True)
            async def report(orders, invoices):
                return orders + invoices

            await report()
            """,
        ),
        in_run(
            "a shared step that is awaited first",
            """
            @step.do("token")
            async def token():
                return "secret"

            @step.do("session")
            async def session(token):
                return token

            @step.do("orders")
            async def orders(session):
                return [session]

            @step.do("invoices")
            async def invoices(session):
                return [session]

            await session()
            await asyncio.gather(orders(), invoices())
            """,
            imports="import asyncio",
        ),
    )


RULE = Rule(
    code="SG209",
    name="dependency-runs-twice",
    severity=Severity.WARNING,
    summary="A step that needs others is needed by several at the same time, so the SDK runs it more than once.",
    why="A step counts as begun once what it needs itself is there. Until then, each of the steps that need it begins"
    " it anew: its body, with its side effects, runs twice. Older SDKs fail with a KeyError.",
    fix="Await the shared step before the steps that need it.",
    source="SDK: `_resolve_dependency`, `_do_call`; seen by running it.",
    flagged=_flagged,
    clean=_clean,
    check=_check,
)
