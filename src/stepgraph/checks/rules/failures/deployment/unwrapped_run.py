"""Methods `run` that the SDK does not wrap because their class is not a workflow."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from stepgraph.checks.diagnostic import Diagnostic, Severity
from stepgraph.checks.rule import Rule
from stepgraph.ir.facts import EventKeyAccess, MethodCalled, UnwrappedRun

if TYPE_CHECKING:
    from stepgraph.checks.example import Example
    from stepgraph.checks.subject import WorkflowSubject


def _check(subject: WorkflowSubject) -> Iterator[Diagnostic]:
    failing = _first_failure(subject)
    if failing is None:
        return
    for run in subject.facts_of_type(UnwrappedRun):
        name = subject.program.class_name
        yield Diagnostic(
            run.place.span,
            f"`run` of `{name}` comes from `{run.owner}`, which is no WorkflowEntrypoint, so it is given"
            f" JavaScript's own event and step: {failing} fails there.",
            f"Let `{run.owner}` derive from `WorkflowEntrypoint`, or give `{name}` a `run` of its own that awaits"
            " `super().run(event, step)`.",
        )


def _first_failure(subject: WorkflowSubject) -> str | None:
    """Return the first use of a feature that JavaScript's step object lacks. It supports sleeps and attributes."""
    method = next((call.method for call in subject.facts_of_type(MethodCalled) if call.method != "sleep"), None)
    if method is not None:
        return f"`step.{method}(...)`"
    used = (key for key in subject.facts_of_type(EventKeyAccess) if not key.from_wait and key.use != "attribute")
    key = next(used, None)
    return None if key is None else f"`{key.place.text}`"


def _flagged() -> tuple[Example, ...]:
    from stepgraph.checks.example import module

    return (
        module(
            "what two workflows have in common, in a mixin",
            """
            from workers import WorkflowEntrypoint


            class Billing:
                async def run(self, event, step):
                    @step.do("load the invoice")
                    async def load():
                        return {"paid": False}

                    await self.settle(step, await load())


            class Dunning(Billing, WorkflowEntrypoint):  # SG126
                async def settle(self, step, invoice):
                    await step.sleep("wait for the customer", "1 week")
            """,
        ),
        module(
            "an abstract base class above a workflow",
            """
            from abc import ABC, abstractmethod

            from workers import WorkflowEntrypoint


            class Flow(ABC):
                async def run(self, event, step):
                    approval = await step.wait_for_event("approval", "approved")
                    await self.work(approval["payload"])

                @abstractmethod
                async def work(self, approval): ...


            class Approved(Flow):
                async def work(self, approval):
                    print(approval)


            class Example(WorkflowEntrypoint, Approved):  # SG126
                pass
            """,
        ),
        module(
            "an event that is read, and a sleep",
            """
            from workers import WorkflowEntrypoint


            class Resting:
                async def run(self, event, step):
                    await step.sleep("rest for " + event["payload"]["name"], "1 hour")


            class Example(Resting, WorkflowEntrypoint):  # SG126
                pass
            """,
        ),
    )


def _clean() -> tuple[Example, ...]:
    from stepgraph.checks.example import module

    return (
        module(
            "a base class that is a workflow itself",
            """
            from workers import WorkflowEntrypoint


            class Billing(WorkflowEntrypoint):
                async def run(self, event, step):
                    @step.do("load the invoice")
                    async def load():
                        return {"paid": False}

                    await self.settle(step, await load())

                async def settle(self, step, invoice):
                    print(invoice)


            class Dunning(Billing):
                async def settle(self, step, invoice):
                    await step.sleep("wait for the customer", "1 week")
            """,
        ),
        module(
            "a mixin whose `run` is called by that of the workflow",
            """
            from workers import WorkflowEntrypoint


            class Charging:
                async def run(self, event, step):
                    @step.do("charge")
                    async def charge():
                        return event["payload"]["amount"]

                    return await charge()


            class Example(Charging, WorkflowEntrypoint):
                async def run(self, event, step):
                    return await super().run(event, step)
            """,
        ),
        module(
            "a mixin with steps, and without `run`",
            """
            from workers import WorkflowEntrypoint


            class Charging:
                async def charge(self, step):
                    @step.do("charge")
                    async def charge():
                        return 10

                    return await charge()


            class Example(Charging, WorkflowEntrypoint):
                async def run(self, event, step):
                    await self.charge(step)
            """,
        ),
        module(
            "a function that is the `run` of the workflow's own body",
            """
            from workers import WorkflowEntrypoint


            class Charging:
                async def run(self, event, step):
                    @step.do("charge")
                    async def charge():
                        return 10

                    return await charge()


            class Example(Charging, WorkflowEntrypoint):
                run = Charging.run
            """,
        ),
        module(
            "sleeps alone, which JavaScript's step object has too",
            """
            from workers import WorkflowEntrypoint


            class Resting:
                async def run(self, event, step):
                    await step.sleep("rest", "1 hour")


            class Example(Resting, WorkflowEntrypoint):
                pass
            """,
        ),
    )


RULE = Rule(
    code="SG126",
    name="unwrapped-run",
    severity=Severity.ERROR,
    summary="A workflow inherits `run` from a class that does not derive from WorkflowEntrypoint.",
    why="The SDK wraps `run` as a class is made that derives from WorkflowEntrypoint, and only if it stands in the body"
    " of that class. Any other `run` gets JavaScript's event and step object as they are: `step.do` is no"
    " decorator there, `wait_for_event` has another name, and an event has no elements.",
    fix="Let the class that has `run` derive from WorkflowEntrypoint, or call its `run` from the workflow's own.",
    source="SDK: `_wrap_workflow_step`, called by `__init_subclass__` of WorkflowEntrypoint; seen by running it.",
    flagged=_flagged,
    clean=_clean,
    check=_check,
)
