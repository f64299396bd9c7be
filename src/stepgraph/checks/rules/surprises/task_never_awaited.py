"""Tasks that are started and never awaited."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from stepgraph.checks.diagnostic import Diagnostic, Severity
from stepgraph.checks.rule import Rule
from stepgraph.ir.facts import NeverAwaited

if TYPE_CHECKING:
    from stepgraph.checks.example import Example
    from stepgraph.checks.subject import WorkflowSubject


def _check(subject: WorkflowSubject) -> Iterator[Diagnostic]:
    for task in subject.facts_of_type(NeverAwaited):
        if task.work == "task":
            yield Diagnostic(
                task.place.span,
                f"nothing awaits `{task.place.text}`: `run` may return before it is done, and if it fails, the error is"
                " lost.",
                "Await it before `run` returns; to run it beside other work, keep it in a name and await that later.",
            )


def _flagged() -> tuple[Example, ...]:
    from stepgraph.checks.example import in_run

    return (
        in_run(
            "a step in the background",
            """
            @step.do("audit")
            async def audit():
                return True

            @step.do("charge")
            async def charge():
                return True

            asyncio.create_task(audit())  # SG204
            await charge()
            """,
            imports="import asyncio",
        ),
        in_run(
            "a gather without `await`",
            """
            @step.do("reserve")
            async def reserve():
                return True

            @step.do("charge")
            async def charge():
                return True

            asyncio.gather(reserve(), charge())  # SG204
            """,
            imports="import asyncio",
        ),
        in_run(
            "tasks in a list that nobody reads",
            """
            async def notify(user):
                @step.do(f"notify {user}")
                async def send():
                    return user

                await send()

            tasks = []
            for user in event["payload"]["users"]:
                tasks.append(asyncio.ensure_future(notify(user)))  # SG204
            print(f"{len(tasks)} notified")
            """,
            imports="import asyncio",
        ),
    )


def _clean() -> tuple[Example, ...]:
    from stepgraph.checks.example import in_run

    return (
        in_run(
            "a task that is awaited at the end",
            """
            @step.do("audit")
            async def audit():
                return True

            @step.do("charge")
            async def charge():
                return True

            auditing = asyncio.create_task(audit())
            await charge()
            await auditing
            """,
            imports="import asyncio",
        ),
        in_run(
            "a task of a group, which waits for it",
            """
            @step.do("audit")
            async def audit():
                return True

            async with asyncio.TaskGroup() as group:
                group.create_task(audit())
            """,
            imports="import asyncio",
        ),
        in_run(
            "tasks that are kept on the object",
            """
            @step.do("audit")
            async def audit():
                return True

            self.background = {asyncio.create_task(audit())}
            await asyncio.wait(self.background)
            """,
            imports="import asyncio",
        ),
    )


RULE = Rule(
    code="SG204",
    name="task-never-awaited",
    severity=Severity.WARNING,
    summary="A task or `asyncio.gather` of steps is started, and nothing waits for it.",
    why="When `run` returns, the instance is complete, whatever is not done by then. An error of the step is lost.",
    fix="Keep the task and await it before `run` returns, or start it in an `asyncio.TaskGroup`.",
    source="SDK: what it waits for is the coroutine of `run` alone. Rules of Workflows: always await steps.",
    flagged=_flagged,
    clean=_clean,
    check=_check,
)
