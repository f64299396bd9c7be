"""Imports of names that a module of the SDK does not have."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from stepgraph.checks.diagnostic import Diagnostic, Severity
from stepgraph.checks.rule import Rule
from stepgraph.ir.facts import WrongImport
from stepgraph.syntax.edits import MovedImport

if TYPE_CHECKING:
    from stepgraph.checks.example import Example
    from stepgraph.checks.subject import WorkflowSubject


def _check(subject: WorkflowSubject) -> Iterator[Diagnostic]:
    for wrong in subject.facts_of_type(WrongImport):
        yield Diagnostic(
            wrong.place.span,
            f"`{wrong.module}` has no `{wrong.name}`, so the import fails with an ImportError.",
            f"Write `from {wrong.defining_module} import {wrong.name}`.",
            (MovedImport(wrong.statement, (wrong.name,), wrong.defining_module),),
        )


def _flagged() -> tuple[Example, ...]:
    from stepgraph.checks.example import module, project

    return (
        module(
            "beside a name that is there",
            """
            from workers import NonRetryableError, WorkflowEntrypoint  # SG125


            class Orders(WorkflowEntrypoint):
                async def run(self, event, step):
                    @step.do("charge")
                    async def charge():
                        raise NonRetryableError("the card is refused")

                    await charge()
            """,
        ),
        module(
            "alone, under another name",
            """
            from workers import NonRetryableError as Fatal  # SG125
            from workers import WorkflowEntrypoint


            class Orders(WorkflowEntrypoint):
                async def run(self, event, step):
                    @step.do("charge")
                    async def charge():
                        raise Fatal("the card is refused")

                    await charge()
            """,
        ),
        project(
            "in a module that the workflow imports",
            {
                "payments.py": """
                    from workers import NonRetryableError  # SG125


                    def refuse():
                        raise NonRetryableError("the card is refused")
                    """,
                "entry.py": """
                    from payments import refuse
                    from workers import WorkflowEntrypoint


                    class Orders(WorkflowEntrypoint):
                        async def run(self, event, step):
                            @step.do("charge")
                            async def charge():
                                refuse()

                            await charge()
                    """,
            },
        ),
    )


def _clean() -> tuple[Example, ...]:
    from stepgraph.checks.example import module

    return (
        module(
            "from where it is",
            """
            from workers import WorkflowEntrypoint
            from workers.workflows import NonRetryableError


            class Orders(WorkflowEntrypoint):
                async def run(self, event, step):
                    @step.do("charge")
                    async def charge():
                        if event["payload"] is None:
                            raise NonRetryableError("there is no payload")
                        return 1

                    await charge()
            """,
        ),
        module(
            "an attempt that does without",
            """
            from workers import WorkflowEntrypoint

            try:
                from workers import NonRetryableError
            except ImportError:
                from workers.workflows import NonRetryableError


            class Orders(WorkflowEntrypoint):
                async def run(self, event, step):
                    @step.do("charge")
                    async def charge():
                        if event["payload"] is None:
                            raise NonRetryableError("there is no payload")
                        return 1

                    await charge()
            """,
        ),
        module(
            "a class of one's own",
            """
            from workers import WorkflowEntrypoint


            class NonRetryableError(Exception):
                pass


            class Orders(WorkflowEntrypoint):
                async def run(self, event, step):
                    @step.do("charge")
                    async def charge():
                        if event["payload"] is None:
                            raise NonRetryableError("there is no payload")
                        return 1

                    await charge()
            """,
        ),
    )


RULE = Rule(
    code="SG125",
    name="wrong-import",
    severity=Severity.ERROR,
    summary="`NonRetryableError` is imported from `workers`, which lacks it.",
    why="The import fails with an ImportError when the Worker is loaded, so nothing in it starts.",
    fix="Import it from `workers.workflows`.",
    source="SDK: what `workers` and `workers.workflows` define.",
    flagged=_flagged,
    clean=_clean,
    check=_check,
)
