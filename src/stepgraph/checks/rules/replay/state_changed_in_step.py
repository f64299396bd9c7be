"""Changes of the workflow's state inside steps."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from stepgraph.checks.diagnostic import Diagnostic, Severity
from stepgraph.checks.rule import Rule
from stepgraph.ir.facts import OuterStateMutated
from stepgraph.syntax.module import Place

if TYPE_CHECKING:
    from stepgraph.checks.example import Example
    from stepgraph.checks.subject import WorkflowSubject


def _check(subject: WorkflowSubject) -> Iterator[Diagnostic]:
    first: dict[Place, OuterStateMutated] = {}
    for change in subject.facts_of_type(OuterStateMutated):
        earliest = first.get(change.place)
        if earliest is None or change.read_place.span < earliest.read_place.span:
            first[change.place] = change
    for place, change in first.items():
        used = change.read_place.span
        where = f"line {used.line}" if used.path == place.span.path else f"line {used.line} of {used.path}"
        yield Diagnostic(
            place.span,
            f"this step changes `{change.mutated_source}`, which is used outside of it ({where}): when `run` runs"
            " again, a finished step's body does not, so the change is lost.",
            f"Return the value from the step, and change `{change.mutated_source}` with its result, after the `await`.",
        )


def _flagged() -> tuple[Example, ...]:
    from stepgraph.checks.example import in_run, module

    return (
        in_run(
            "a list that steps fill",
            """
            results = []
            for number, user in enumerate(event["payload"]["users"]):
                @step.do(f"load {number}")
                async def load():
                    results.append(user)  # SG305

                await load()
            return {"results": results}
            """,
        ),
        in_run(
            "a variable that a step assigns",
            """
            approved = False

            @step.do("ask")
            async def ask():
                nonlocal approved
                approved = True  # SG305

            await ask()
            if approved:
                await step.sleep("cool down", "1 minute")
            """,
        ),
        module(
            "an attribute that another step reads",
            """
            from workers import WorkflowEntrypoint


            class Example(WorkflowEntrypoint):
                async def run(self, event, step):
                    self.total = 0

                    @step.do("count")
                    async def count():
                        self.total += 1  # SG305

                    @step.do("report")
                    async def report():
                        return {"total": self.total}

                    await count()
                    await report()
            """,
        ),
    )


def _clean() -> tuple[Example, ...]:
    from stepgraph.checks.example import in_run, module

    return (
        in_run(
            "results of steps, gathered outside of them",
            """
            results = []
            for number, user in enumerate(event["payload"]["users"]):
                @step.do(f"load {number}")
                async def load():
                    found = []
                    found.append(user)
                    return found

                results.extend(await load())
            return {"results": results}
            """,
        ),
        module(
            "what a step remembers for itself",
            """
            from workers import WorkflowEntrypoint


            class Example(WorkflowEntrypoint):
                async def run(self, event, step):
                    self.cache = {}

                    @step.do("load")
                    async def load():
                        self.cache["user"] = event["payload"]["user"]
                        return self.cache["user"]

                    return await load()
            """,
        ),
        module(
            "a client that is made where it is not there",
            """
            from workers import WorkflowEntrypoint


            class Example(WorkflowEntrypoint):
                async def run(self, event, step):
                    self.client = None

                    @step.do("first")
                    async def first():
                        if self.client is None:
                            self.client = dict(event["payload"])
                        return self.client["first"]

                    @step.do("second")
                    async def second():
                        if self.client is None:
                            self.client = dict(event["payload"])
                        return self.client["second"]

                    await first()
                    await second()
            """,
        ),
    )


RULE = Rule(
    code="SG305",
    name="state-changed-in-step",
    severity=Severity.WARNING,
    summary="The body of a step changes a variable of `run`, or an attribute, that is used outside of the step.",
    why="After a sleep, restart or retry `run` runs again from its first line: its variables are as they were at the"
    " start, and the bodies of finished steps do not run. What they changed is lost.",
    fix="Return the value from the step, and change the state in plain code, which runs again too.",
    source="Documentation: no state is kept outside of steps.",
    flagged=_flagged,
    clean=_clean,
    check=_check,
)
