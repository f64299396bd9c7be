"""Concurrent steps with the same name.

The engine identifies a step by its name and the number of earlier steps with that name. The mapping of results to steps
therefore depends on the order in which the steps start. Members of a gather start in source order: a step that is
gathered for each element under a constant name gets its own results back, and is not flagged. Two declarations with one
name in a gather are flagged, because a change of their order would swap the results. If concurrent functions await
something before the step starts, the order depends on timing and may differ on replay: this is flagged for a single
declaration as well. Sleeps are not flagged, as they have no results.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from stepgraph.checks.analysis.mhp import NameClash, find_name_clashes
from stepgraph.checks.diagnostic import Confidence, Diagnostic, Severity
from stepgraph.checks.rule import Rule
from stepgraph.ir.facts import MethodCalled
from stepgraph.limits import Budget
from stepgraph.model.span import Span

if TYPE_CHECKING:
    from stepgraph.checks.analysis.concurrent_names import NamedActivity
    from stepgraph.checks.example import Example
    from stepgraph.checks.subject import WorkflowSubject


def _check(subject: WorkflowSubject) -> Iterator[Diagnostic]:
    names = {id(call.place.node): call for call in subject.facts_of_type(MethodCalled)}
    for clash in find_name_clashes(subject.program.body, Budget()):
        place = clash.second.place
        call = names.get(id(place.node))
        name = None if call is None else call.arguments.find(0, "name")
        yield Diagnostic(place.span if name is None else name.place.span, _message(clash), _advice(clash))


def _message(clash: NameClash) -> str:
    first, second = clash.first, clash.second
    what = f"the {second.kind} {second.name!r}"
    if first.place.node is second.place.node:
        when = f"{what} runs several times at once"
    else:
        when = f"{what} runs at the same time as another of that name ({_where(first, second.place.span)})"
    if clash.depends_on_timing:
        return (
            f"{when}: which of them is '{second.name}-1' to the engine depends on timing, so after a restart one"
            " may get the result of another."
        )
    return f"{when}: only the order in which they begin tells the engine which is which."


def _advice(clash: NameClash) -> str:
    first, second = clash.first, clash.second
    if first.place.node is second.place.node:
        return f'Put what it is for into its name: `f"{second.name} {{...}}"`.'
    return "Give each a name of its own."


def _where(first: NamedActivity, seen_from: Span) -> str:
    span = first.place.span
    return f"line {span.line}" if span.path == seen_from.path else f"{span.path}, line {span.line}"


def _flagged() -> tuple[Example, ...]:
    from stepgraph.checks.example import in_run

    return (
        in_run(
            "two steps of one name in a gather",
            """
            @step.do("fetch")
            async def fetch_users():
                return ["ada"]

            @step.do("fetch")  # SG207
            async def fetch_orders():
                return [1, 2]

            users, orders = await asyncio.gather(fetch_users(), fetch_orders())
            """,
            imports="import asyncio",
        ),
        in_run(
            "the second step of a function that is gathered",
            """
            async def process(order):
                @step.do("charge")
                async def charge():
                    return order

                @step.do("ship")  # SG207
                async def ship():
                    return order

                await charge()
                return await ship()

            await asyncio.gather(*[process(order) for order in event["payload"]["orders"]])
            """,
            imports="import asyncio",
        ),
        in_run(
            "tasks that are awaited one by one",
            """
            @step.do("notify")
            async def mail():
                return "mail"

            @step.do("notify")  # SG207
            async def text():
                return "text"

            mailing = asyncio.create_task(mail())
            texting = asyncio.create_task(text())
            await mailing
            await texting
            """,
            imports="import asyncio",
        ),
    )


def _clean() -> tuple[Example, ...]:
    from stepgraph.checks.example import in_run

    return (
        in_run(
            "a step for each element, which begin in the order of the elements",
            """
            def resizing(image):
                @step.do("resize")
                async def resize():
                    return image

                return resize

            await asyncio.gather(*[resizing(image)() for image in event["payload"]["images"]])
            """,
            imports="import asyncio",
        ),
        in_run(
            "steps with what they are for in their names",
            """
            async def process(order):
                @step.do(f"charge {order}")
                async def charge():
                    return order

                @step.do(f"ship {order}")
                async def ship():
                    return order

                await charge()
                return await ship()

            await asyncio.gather(*[process(order) for order in event["payload"]["orders"]])
            """,
            imports="import asyncio",
        ),
        in_run(
            "steps of one name, one after another",
            """
            async def process(order):
                @step.do("charge")
                async def charge():
                    return order

                @step.do("ship")
                async def ship():
                    return order

                await charge()
                return await ship()

            for order in event["payload"]["orders"]:
                await process(order)
            """,
        ),
    )


RULE = Rule(
    code="SG207",
    name="concurrent-steps-of-one-name",
    severity=Severity.WARNING,
    confidence=Confidence.MEDIUM,
    summary="Steps of one name run at the same time, and only the order in which they begin tells them apart.",
    why="The engine keeps results by name and count: `ship-1`, `ship-2`. Where the order in which they begin depends on"
    " how long other work takes, it may differ after a restart, and the results are mixed up.",
    fix="Put what the step is for into its name, such as the id of the order that it ships.",
    source="Engine: the key of a result is the name and how many times `do` was called with it.",
    flagged=_flagged,
    clean=_clean,
    check=_check,
)
