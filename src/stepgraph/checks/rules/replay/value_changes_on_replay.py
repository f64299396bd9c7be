"""Values that differ between steps and the code that runs after a replay."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from stepgraph.checks.analysis.control_dependence import deciding_tests
from stepgraph.checks.analysis.steps import nondeterministic_names
from stepgraph.checks.diagnostic import Confidence, Diagnostic, Severity
from stepgraph.checks.rule import Rule
from stepgraph.ir.facts import NondeterministicCondition, NondeterministicUseAfterStep
from stepgraph.syntax.module import Place

if TYPE_CHECKING:
    from stepgraph.checks.example import Example
    from stepgraph.checks.subject import WorkflowSubject


def _check(subject: WorkflowSubject) -> Iterator[Diagnostic]:
    """Skip values that decide names or branches: other rules report these, with the same fix."""
    known_for_worse = {name.source for name in nondeterministic_names(subject)}
    known_for_worse |= {
        test.produced_at for test in deciding_tests(subject.program, subject.facts_of_type(NondeterministicCondition))
    }
    first: dict[Place, Place] = {}
    for use in subject.facts_of_type(NondeterministicUseAfterStep):
        earliest = first.get(use.produced_at)
        if earliest is None or use.place.span < earliest.span:
            first[use.produced_at] = use.place
    for produced_at, place in first.items():
        if produced_at in known_for_worse:
            continue
        where = f"on line {place.span.line}"
        if place.span.path != produced_at.span.path:
            where += f" of {place.span.path}"
        yield Diagnostic(
            produced_at.span,
            f"`{produced_at.text}` gives another value whenever `run` runs again, so {where}, after a step or sleep,"
            " it may not be what earlier steps saw.",
            f"Make it in a step of its own{_as_text(produced_at)} and use that step's result, which is kept.",
        )


def _as_text(produced_at: Place) -> str:
    """Convert a UUID to a string, as steps cannot return UUIDs."""
    return f", as `str({produced_at.text})`," if produced_at.text.startswith("uuid.uuid") else ""


def _flagged() -> tuple[Example, ...]:
    from stepgraph.checks.example import in_run, module

    return (
        in_run(
            "one id for two steps with a sleep in between",
            """
            order_id = str(uuid.uuid4())  # SG304

            @step.do("reserve")
            async def reserve():
                return {"reserved": order_id}

            @step.do("confirm")
            async def confirm():
                return {"confirmed": order_id}

            await reserve()
            await step.sleep("grace", "1 hour")
            await confirm()
            """,
            imports="import uuid",
        ),
        in_run(
            "when it began, in what `run` returns",
            """
            started_at = datetime.now(timezone.utc).isoformat()  # SG304

            @step.do("work")
            async def work():
                return event["payload"]["job"]

            await work()
            return {"started_at": started_at}
            """,
            imports="from datetime import datetime, timezone",
        ),
        module(
            "a token in an attribute",
            """
            import secrets

            from workers import WorkflowEntrypoint


            class Example(WorkflowEntrypoint):
                async def run(self, event, step):
                    self.token = secrets.token_hex(8)  # SG304
                    await self.invite(step)
                    await step.sleep("a day", "1 day")
                    await self.remind(step)

                async def invite(self, step):
                    @step.do("invite")
                    async def invited():
                        return f"https://example.com/{self.token}"

                    await invited()

                async def remind(self, step):
                    @step.do("remind")
                    async def reminded():
                        return f"https://example.com/{self.token}"

                    await reminded()
            """,
        ),
        in_run(
            "one id for all passes of a loop",
            """
            batch = uuid.uuid4().hex  # SG304
            for number, user in enumerate(event["payload"]["users"]):
                @step.do(f"import {number}")
                async def load():
                    return {"user": user, "batch": batch}

                await load()
            """,
            imports="import uuid",
        ),
    )


def _clean() -> tuple[Example, ...]:
    from stepgraph.checks.example import in_run

    return (
        in_run(
            "an id that a step made",
            """
            @step.do("new id")
            async def new_id():
                return str(uuid.uuid4())

            order_id = await new_id()

            @step.do("reserve")
            async def reserve():
                return {"reserved": order_id}

            await reserve()
            await step.sleep("grace", "1 hour")
            return order_id
            """,
            imports="import uuid",
        ),
        in_run(
            "an id that the first step keeps",
            """
            request_id = str(uuid.uuid4())

            @step.do("request")
            async def request():
                return {"id": request_id}

            answer = await request()
            await step.sleep("a while", "1 hour")
            return answer
            """,
            imports="import uuid",
        ),
        in_run(
            "how long it took, in a log line",
            """
            started = time.perf_counter()

            @step.do("work")
            async def work():
                return event["payload"]["job"]

            await work()
            print(f"took {time.perf_counter() - started:.1f} seconds")
            """,
            imports="import time",
        ),
        in_run(
            "the time at which it is used, and until when to sleep",
            """
            @step.do("work")
            async def work():
                return event["payload"]["job"]

            tomorrow = datetime.now(timezone.utc) + timedelta(days=1)
            await work()
            await step.sleep_until("tomorrow", tomorrow)
            return {"finished_at": datetime.now(timezone.utc).isoformat()}
            """,
            imports="from datetime import datetime, timedelta, timezone",
        ),
    )


RULE = Rule(
    code="SG304",
    name="value-changes-on-replay",
    severity=Severity.WARNING,
    confidence=Confidence.MEDIUM,
    summary="A value from a clock, from chance or a new id is made in plain code before a step, and used after it.",
    why="After a sleep, restart or retry `run` runs again and makes another value; results of finished steps still"
    " hold the first one. The steps of one instance then disagree, for example about the id of an order.",
    fix="Make such a value in a step, and use the step's result.",
    source="Documentation: plain code between steps runs again, and only results of steps are kept.",
    flagged=_flagged,
    clean=_clean,
    check=_check,
)
