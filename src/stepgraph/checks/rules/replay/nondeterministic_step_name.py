"""Step names that depend on a nondeterministic value."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from stepgraph.checks.analysis.steps import nondeterministic_names
from stepgraph.checks.diagnostic import Diagnostic, Severity
from stepgraph.checks.rule import Rule

if TYPE_CHECKING:
    from stepgraph.checks.example import Example
    from stepgraph.checks.subject import WorkflowSubject


def _check(subject: WorkflowSubject) -> Iterator[Diagnostic]:
    for name in nondeterministic_names(subject):
        yield Diagnostic(
            name.place.span,
            f"the name of this {name.what} comes from `{name.source.text}` and changes whenever `run` runs again: the"
            f" engine finds results by name, so it repeats the finished {name.what}.",
            "Build the name from the payload, a loop counter or the result of a step: these stay the same.",
        )


def _flagged() -> tuple[Example, ...]:
    from stepgraph.checks.example import in_run

    return (
        in_run(
            "the time in a name",
            """
            @step.do(f"sync {datetime.now().isoformat()}")  # SG301
            async def sync():
                return event["payload"]["source"]

            await sync()
            """,
            imports="from datetime import datetime",
        ),
        in_run(
            "an id from a name that holds it",
            """
            run_id = str(uuid.uuid4())[:8]
            await step.sleep("cool down " + run_id, "1 minute")  # SG301

            @step.do("finish")
            async def finish():
                return True

            await finish()
            """,
            imports="import uuid",
        ),
        in_run(
            "chance, in a function that declares the step",
            """
            async def attempt(number):
                @step.do(f"attempt-{number}-{random.randint(1, 1000)}")  # SG301
                async def attempted():
                    return number

                return await attempted()

            for number in range(3):
                await attempt(number)
            """,
            imports="import random",
        ),
    )


def _clean() -> tuple[Example, ...]:
    from stepgraph.checks.example import in_run

    return (
        in_run(
            "a name from the payload and a number",
            """
            for number, user in enumerate(event["payload"]["users"]):
                @step.do(f"notify {number} {user}")
                async def notify():
                    return user

                await notify()
            """,
        ),
        in_run(
            "an id that a step made",
            """
            @step.do("new id")
            async def new_id():
                return str(uuid.uuid4())

            run_id = await new_id()

            @step.do(f"store {run_id}")
            async def store():
                return run_id

            await store()
            """,
            imports="import uuid",
        ),
        in_run(
            "an id made of the payload, and the time of the event",
            """
            key = uuid.uuid5(uuid.NAMESPACE_URL, event["payload"]["url"])
            day = datetime.fromisoformat("2026-03-01").date()

            @step.do(f"fetch {key} of {day}")
            async def fetch():
                return str(key)

            await fetch()
            """,
            imports="""
            import uuid
            from datetime import datetime
            """,
        ),
    )


RULE = Rule(
    code="SG301",
    name="nondeterministic-step-name",
    severity=Severity.WARNING,
    summary="The name of a step, sleep or wait comes from the time, from chance, or from a new id.",
    why="The engine keeps the result of a step under its name. After a sleep, restart or retry `run` runs again; under"
    " another name the step is another step, and its effects happen twice.",
    fix="Make names of the payload, of the counters of loops, or of results of steps.",
    source="Documentation: deterministic step names. Engine: a step's key is its name and count.",
    flagged=_flagged,
    clean=_clean,
    check=_check,
)
