"""Workflow classes without a method `run`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from msgspec.structs import replace

from stepgraph.checks.diagnostic import Diagnostic, Severity, diagnostics_of
from stepgraph.checks.rule import Rule
from stepgraph.model.note import ProblemKind

if TYPE_CHECKING:
    from stepgraph.checks.example import Example
    from stepgraph.checks.subject import ProjectSubject

_CONFIGURATION = """
    {
      "name": "shop",
      "main": "entry.py",
      "compatibility_date": "2026-03-01",
      "compatibility_flags": ["python_workers"],
      "workflows": [
        {"binding": "ORDERS", "name": "orders", "class_name": "Orders"}MARK
      ]
    }
    """
_ADVICE = "Give it `async def run(self, event, step)`, or name the class that has it."


def _check(subject: ProjectSubject) -> Iterator[Diagnostic]:
    """Check configured classes only: other classes may not be deployed."""
    yield from diagnostics_of(
        subject.problems, ProblemKind.NO_RUN, "Each of its instances fails at its start.", _ADVICE
    )
    for match in diagnostics_of(subject.hints, ProblemKind.NO_RUN):
        yield replace(match, severity=Severity.WARNING)


def _flagged() -> tuple[Example, ...]:
    from stepgraph.checks.example import project

    configuration = _CONFIGURATION.replace("MARK", " // SG122")
    return (
        project(
            "a method of another name",
            {
                "wrangler.jsonc": configuration,
                "entry.py": """
                    from workers import WorkflowEntrypoint


                    class Orders(WorkflowEntrypoint):
                        async def on_run(self, event, step):
                            await step.sleep("rest", "1 hour")
                    """,
            },
        ),
        project(
            "a method that stands outside of the class",
            {
                "wrangler.jsonc": configuration,
                "entry.py": """
                    from workers import WorkflowEntrypoint


                    class Orders(WorkflowEntrypoint):
                        pass


                    async def run(self, event, step):
                        await step.sleep("rest", "1 hour")
                    """,
            },
        ),
        project(
            "a base class instead of the one with `run`",
            {
                "wrangler.jsonc": configuration,
                "entry.py": """
                    from workers import WorkflowEntrypoint


                    class Orders(WorkflowEntrypoint):
                        async def rest(self, step):
                            await step.sleep("rest", "1 hour")


                    class DailyOrders(Orders):
                        async def run(self, event, step):
                            await self.rest(step)
                    """,
            },
        ),
    )


def _clean() -> tuple[Example, ...]:
    from stepgraph.checks.example import module, project

    configuration = _CONFIGURATION.replace("MARK", "")
    return (
        project(
            "a `run` that is inherited",
            {
                "entry.py": """
                    from workers import WorkflowEntrypoint


                    class Flow(WorkflowEntrypoint):
                        async def run(self, event, step):
                            await self.work(step)


                    class Orders(Flow):
                        async def work(self, step):
                            await step.sleep("rest", "1 hour")
                    """,
                "wrangler.jsonc": configuration,
            },
        ),
        module(
            "a base class that is not deployed",
            """
            from workers import WorkflowEntrypoint


            class Flow(WorkflowEntrypoint):
                async def rest(self, step):
                    await step.sleep("rest", "1 hour")


            class Orders(Flow):
                async def run(self, event, step):
                    await self.rest(step)
            """,
        ),
        project(
            "a `run` that is assigned",
            {
                "entry.py": """
                    from workers import WorkflowEntrypoint


                    async def rest(self, event, step):
                        await step.sleep("rest", "1 hour")


                    class Orders(WorkflowEntrypoint):
                        run = rest
                    """,
                "wrangler.jsonc": configuration,
            },
        ),
    )


RULE = Rule(
    code="SG122",
    name="no-run",
    severity=Severity.ERROR,
    summary="The class of a configured workflow has no method `run`.",
    why="The engine calls `run`, so each instance fails at its start.",
    fix="Give the class `async def run(self, event, step)`.",
    source="Engine: it calls `run` of the class; the documentation.",
    flagged=_flagged,
    clean=_clean,
    check_project=_check,
)
