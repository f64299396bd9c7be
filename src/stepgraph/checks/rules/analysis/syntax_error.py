"""A module with a syntax error."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from stepgraph.checks.diagnostic import Diagnostic, Severity, diagnostics_of
from stepgraph.checks.rule import Rule
from stepgraph.model.note import ProblemKind

if TYPE_CHECKING:
    from stepgraph.checks.example import Example
    from stepgraph.checks.subject import ProjectSubject


def _check(subject: ProjectSubject) -> Iterator[Diagnostic]:
    return diagnostics_of(subject.problems, ProblemKind.SYNTAX)


def _flagged() -> tuple[Example, ...]:
    from stepgraph.checks.example import in_run, project

    return (
        in_run(
            "a colon is missing",
            """
            if event["payload"]["express"]  # SG002
                await step.sleep("rest", "1 hour")
            """,
        ),
        in_run("a bracket is not closed", 'await step.sleep("rest", "1 hour"  # SG002'),
        project(
            "in a module that the workflow imports",
            {
                "flows.py": "def charge(:  # SG002\n    return 1",
                "entry.py": """
                    from flows import charge
                    from workers import WorkflowEntrypoint


                    class Example(WorkflowEntrypoint):
                        async def run(self, event, step):
                            @step.do("charge")
                            async def charged():
                                return charge()

                            await charged()
                    """,
                "wrangler.jsonc": """
                    {
                      "name": "shop",
                      "main": "entry.py",
                      "compatibility_date": "2026-03-01",
                      "compatibility_flags": ["python_workers"],
                      "workflows": [{"binding": "EXAMPLE", "name": "example", "class_name": "Example"}]
                    }
                    """,
            },
        ),
    )


def _clean() -> tuple[Example, ...]:
    from stepgraph.checks.example import in_run

    return (
        in_run(
            "a pattern",
            """
            match event["payload"]:
                case {"express": True}:
                    await step.sleep("rest", "1 hour")
                case _:
                    await step.sleep("rest", "1 day")
            """,
        ),
        in_run(
            "a comment in brackets",
            """
            await step.sleep(
                "rest",  # until the carrier calls
                "1 hour",
            )
            """,
        ),
        in_run(
            "code in text",
            """
            @step.do("keep")
            async def keep():
                return "if x"

            await keep()
            """,
        ),
    )


RULE = Rule(
    code="SG002",
    name="syntax-error",
    severity=Severity.ERROR,
    summary="A module is not valid Python.",
    why="Python does not load it, so neither the Worker nor its workflows start.",
    fix="Correct the line that is named, or the end of the one before it.",
    source="Python: its own parser gives the message.",
    flagged=_flagged,
    clean=_clean,
    check_project=_check,
)
