"""Steps inside steps."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from stepgraph.checks.diagnostic import Diagnostic, Severity
from stepgraph.checks.rule import Rule
from stepgraph.ir.await_groups import is_race
from stepgraph.ir.nodes import Await, Block, Call, Run, Start, StepRun
from stepgraph.ir.walk import name_of, walk_operations
from stepgraph.limits import Budget, Limit

if TYPE_CHECKING:
    from stepgraph.checks.example import Example
    from stepgraph.checks.subject import WorkflowSubject


def _check(subject: WorkflowSubject) -> Iterator[Diagnostic]:
    """Skip races inside a step, which the documentation recommends."""
    racing: dict[int, bool] = {}
    budget = Budget()
    for visit in subject.operations:
        outer, operation = visit.in_step, visit.operation
        if outer is None or not isinstance(operation, Run | Start) or isinstance(operation.activity, Call):
            continue
        if id(outer) not in racing:
            racing[id(outer)] = _races(outer.body, budget)
        if not racing[id(outer)]:
            yield _nested(outer, operation)


def _races(body: Block, budget: Budget) -> bool:
    for visit in walk_operations(body):
        budget.spend(Limit.PAIRS)
        if isinstance(visit.operation, Await) and is_race(visit.operation.group):
            return True
    return False


def _nested(outer: StepRun, operation: Run | Start) -> Diagnostic:
    outer_name, name = outer.definition.name, name_of(operation.activity)
    span = operation.place.span
    advice = f"Await it in `run`, before or after {outer_name!r}; let that step return what it takes."
    if isinstance(operation.activity, StepRun):
        again = f"each retry of {outer_name!r} runs it again, under another count, whether or not it had succeeded."
        return Diagnostic(span, f"the step {name!r} runs inside the step {outer_name!r}: {again}", advice)
    waiting = f"waiting for {name!r} inside the step {outer_name!r} uses up the step's timeout (10 minutes by default)"
    return Diagnostic(span, f"{waiting}, and each retry of it waits again.", advice)


def _flagged() -> tuple[Example, ...]:
    from stepgraph.checks.example import in_run, module

    return (
        in_run(
            "a step that is declared in a step",
            """
            @step.do("order")
            async def order():
                @step.do("charge")
                async def charge():
                    return True

                return await charge()  # SG308

            await order()
            """,
        ),
        in_run(
            "a sleep in a step",
            """
            @step.do("poll")
            async def poll():
                await step.sleep("a while", "20 minutes")  # SG308
                return True

            await poll()
            """,
        ),
        module(
            "a method with steps that a step calls",
            """
            from workers import WorkflowEntrypoint


            class Example(WorkflowEntrypoint):
                async def run(self, event, step):
                    @step.do("order")
                    async def order():
                        await self.pay(step)
                        return True

                    await order()

                async def pay(self, step):
                    @step.do("charge")
                    async def charge():
                        return True

                    await charge()  # SG308
            """,
        ),
    )


def _clean() -> tuple[Example, ...]:
    from stepgraph.checks.example import in_run

    return (
        in_run(
            "a step that needs another",
            """
            @step.do("charge")
            async def charge():
                return True

            @step.do("order")
            async def order(charge):
                return charge

            await order()
            """,
        ),
        in_run(
            "a function that is shared by steps",
            """
            async def fetch(path):
                return path

            @step.do("customer")
            async def customer():
                return await fetch("/customer")

            @step.do("order")
            async def order():
                return await fetch("/order")

            await customer()
            await order()
            """,
        ),
        in_run(
            "steps that race, in a step that keeps who won",
            """
            @step.do("ask the first")
            async def first():
                return "first"

            @step.do("ask the second")
            async def second():
                return "second"

            @step.do("ask both")
            async def ask_both():
                tasks = [asyncio.create_task(first()), asyncio.create_task(second())]
                done, pending = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
                return done.pop().result()

            await ask_both()
            """,
            imports="import asyncio",
        ),
    )


RULE = Rule(
    code="SG308",
    name="nested-step",
    severity=Severity.WARNING,
    summary="A step, sleep or `wait_for_event` runs in the body of a step.",
    why="A retry runs the body of a step again as a whole. What a step in it did is not found again, as it is counted"
    " anew, and waiting in it uses up the timeout of the step around it.",
    fix="Run steps one after another in `run`. Only a race belongs in a step, which keeps who has won.",
    source="Rules of Workflows; engine: the count of a name goes up with each call of `do`.",
    flagged=_flagged,
    clean=_clean,
    check=_check,
)
