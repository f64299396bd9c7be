"""Changes of the event of `run`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from stepgraph.checks.diagnostic import Diagnostic, Severity
from stepgraph.checks.rule import Rule
from stepgraph.ir.facts import EventMutated

if TYPE_CHECKING:
    from stepgraph.checks.example import Example
    from stepgraph.checks.subject import WorkflowSubject


def _check(subject: WorkflowSubject) -> Iterator[Diagnostic]:
    for change in subject.facts_of_type(EventMutated):
        lost = (
            "when `run` runs again, a finished step's body does not, so the change is lost."
            if change.in_step
            else "that is not kept, and whenever `run` runs again, it is given the event as it was sent."
        )
        yield Diagnostic(
            change.place.span,
            f"this changes `{change.mutated_source}`, a part of the event: {lost}",
            f"Change a copy, `copy.deepcopy({change.mutated_source})`, or return the new value from a step.",
        )


def _flagged() -> tuple[Example, ...]:
    from stepgraph.checks.example import in_run

    return (
        in_run(
            "a key of the payload",
            """
            event["payload"]["status"] = "started"  # SG306

            @step.do("start")
            async def start():
                return event["payload"]["status"]

            await start()
            """,
        ),
        in_run(
            "a list in it, under another name, in a step",
            """
            order = event["payload"]["order"]

            @step.do("price")
            async def price():
                order["lines"].append("shipping")  # SG306
                order.update(total=10)  # SG306
                return 10

            await price()
            """,
        ),
        in_run(
            "a key that is taken away, by a function",
            """
            def without_secrets(data):
                data.pop("password")  # SG306
                del data["token"]  # SG306
                return data

            user = without_secrets(event["payload"])

            @step.do("store")
            async def store():
                return user["name"]

            await store()
            """,
        ),
    )


def _clean() -> tuple[Example, ...]:
    from stepgraph.checks.example import in_run

    return (
        in_run(
            "a copy",
            """
            order = dict(event["payload"])
            order["status"] = "started"
            full = {**event["payload"], "total": 0}
            full.update(total=10)

            @step.do("start")
            async def start():
                return order["status"]

            await start()
            """,
        ),
        in_run(
            "a deep copy of a part",
            """
            lines = copy.deepcopy(event["payload"]["lines"])
            lines.append("shipping")

            @step.do("price")
            async def price():
                return len(lines)

            await price()
            """,
            imports="import copy",
        ),
        in_run(
            "what is read of it, and a variable of its own",
            """
            count = event["payload"].get("count", 0)
            count += 1
            payload = event["payload"]
            payload = {"id": payload["id"]}
            payload["count"] = count

            @step.do("count")
            async def counted():
                return payload["count"]

            await counted()
            """,
        ),
    )


RULE = Rule(
    code="SG306",
    name="event-mutated",
    severity=Severity.WARNING,
    summary="The event that `run` is given, or a part of its payload, is changed in place.",
    why="The engine keeps the event as it was sent. When `run` runs again it is given that, without the changes that"
    " steps have made to it.",
    fix="Change a copy, or return the new value from a step.",
    source="Documentation: do not mutate the incoming event.",
    flagged=_flagged,
    clean=_clean,
    check=_check,
)
