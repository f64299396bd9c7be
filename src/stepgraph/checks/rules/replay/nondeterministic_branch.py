"""Branches and loops around steps that depend on a nondeterministic value."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from stepgraph.checks.analysis.control_dependence import deciding_tests
from stepgraph.checks.diagnostic import Diagnostic, Severity
from stepgraph.checks.rule import Rule
from stepgraph.ir.facts import NondeterministicCondition

if TYPE_CHECKING:
    from stepgraph.checks.example import Example
    from stepgraph.checks.subject import WorkflowSubject


def _check(subject: WorkflowSubject) -> Iterator[Diagnostic]:
    for test in deciding_tests(subject.program, subject.facts_of_type(NondeterministicCondition)):
        yield Diagnostic(
            test.test.span,
            f"which steps run depends here on `{test.produced_at.text}`: when `run` runs again, after a sleep or"
            " restart, it may go another way than the first time.",
            "Decide in a step and go by its result, which is kept; or decide by the payload.",
        )


def _flagged() -> tuple[Example, ...]:
    from stepgraph.checks.example import in_run

    return (
        in_run(
            "chance decides about a step",
            """
            @step.do("sample")
            async def sample():
                return event["payload"]["id"]

            if random.random() < 0.1:  # SG302
                await sample()
            """,
            imports="import random",
        ),
        in_run(
            "polling up to a deadline of the clock",
            """
            deadline = time.time() + 600
            while time.time() < deadline:  # SG302
                @step.do("poll")
                async def poll():
                    return event["payload"]["job"]

                if await poll():
                    break
                await step.sleep("pause", "10 seconds")
            """,
            imports="import time",
        ),
        in_run(
            "leaving at weekends",
            """
            today = datetime.now()
            if event["payload"]["force"] is False or today.weekday() >= 5:  # SG302
                return None

            @step.do("report")
            async def report():
                return True

            await report()
            """,
            imports="from datetime import datetime",
        ),
        in_run(
            "a number of passes by chance",
            """
            for number in range(random.randint(1, 3)):  # SG302
                await step.sleep(f"pause {number}", "1 second")

            @step.do("done")
            async def done():
                return True

            await done()
            """,
            imports="import random",
        ),
    )


def _clean() -> tuple[Example, ...]:
    from stepgraph.checks.example import in_run

    return (
        in_run(
            "a decision that a step made",
            """
            @step.do("decide")
            async def decide():
                return random.random() < 0.1

            @step.do("sample")
            async def sample():
                return event["payload"]["id"]

            if await decide():
                await sample()
            """,
            imports="import random",
        ),
        in_run(
            "only a log line depends on the time",
            """
            started = time.monotonic()

            @step.do("work")
            async def work():
                return True

            await work()
            if time.monotonic() - started > 60:
                print("that took long")
            """,
            imports="import time",
        ),
        in_run(
            "a number of attempts, and the time that a step told",
            """
            @step.do("now")
            async def now():
                return time.time()

            started = await now()
            for number in range(3):
                @step.do(f"try {number}")
                async def attempt():
                    return time.time() - started > 60

                if await attempt():
                    break
            """,
            imports="import time",
        ),
        in_run(
            "a start time that is there or not",
            """
            started = time.time() if event["payload"] is None else None

            @step.do("work")
            async def work():
                return True

            if started is None:
                await work()
            """,
            imports="import time",
        ),
    )


RULE = Rule(
    code="SG302",
    name="nondeterministic-branch",
    severity=Severity.WARNING,
    summary="A branch or loop that steers steps is decided by the time, by chance, or by a new id.",
    why="After a sleep, restart or retry `run` runs again from its first line; finished steps give their results at"
    " once. A condition that has changed by then leads past steps that have run, or into others.",
    fix="Decide in a step, and branch on its result.",
    source="Documentation: conditions around steps are deterministic.",
    flagged=_flagged,
    clean=_clean,
    check=_check,
)
