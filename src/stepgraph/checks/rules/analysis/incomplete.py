"""Code that the analysis could not resolve."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from stepgraph.checks.analysis.span_index import SpanIndex
from stepgraph.checks.diagnostic import Diagnostic, Severity, diagnostics_of
from stepgraph.checks.rule import Rule
from stepgraph.ir.facts import MethodMissing
from stepgraph.model.note import ProblemKind

if TYPE_CHECKING:
    from stepgraph.checks.example import Example
    from stepgraph.checks.subject import ProjectSubject, WorkflowSubject


_CONSEQUENCE = "Its steps are not checked."
_ADVICE = "To check them, define it in the project, once and by that name."


def _check(subject: WorkflowSubject) -> Iterator[Diagnostic]:
    """Skip awaits of methods that the step object lacks: the call fails, which another rule reports."""
    missing = SpanIndex(fact.place.span for fact in subject.facts_of_type(MethodMissing))
    for note in subject.notes:
        if note.incomplete and not (note.code == "unresolved-await" and missing.is_enclosed_in(note.span)):
            yield Diagnostic(note.span, note.message, note.advice)


def _check_project(subject: ProjectSubject) -> Iterator[Diagnostic]:
    yield from diagnostics_of(subject.problems, ProblemKind.UNRESOLVED_CLASS, _CONSEQUENCE, _ADVICE)
    yield from diagnostics_of(subject.problems, ProblemKind.LIMIT, _CONSEQUENCE)


def _flagged() -> tuple[Example, ...]:
    from stepgraph.checks.example import in_run, project

    return (
        in_run(
            "the step object in other code",
            "await runner.process(step)  # SG004",
            imports="import runner",
        ),
        in_run(
            "a step of which only a name at run time tells",
            """
            @step.do("charge")
            async def charge():
                return 1

            await charge()
            await getattr(step, event["payload"]["method"])("rest", "1 hour")  # SG004
            """,
        ),
        project(
            "a class from elsewhere",
            {
                "wrangler.jsonc": """
                    {
                      "name": "shop",
                      "main": "entry.py",
                      "compatibility_date": "2026-03-01",
                      "compatibility_flags": ["python_workers"],
                      "workflows": [
                        {"binding": "ORDERS", "name": "orders", "class_name": "Orders"} // SG004
                      ]
                    }
                    """,
                "entry.py": "from shared_flows import Orders",
            },
        ),
    )


def _clean() -> tuple[Example, ...]:
    from stepgraph.checks.example import in_run

    return (
        in_run(
            "a helper of the project",
            """
            async def pause(steps):
                await steps.sleep("rest", "1 hour")

            await pause(step)
            """,
        ),
        in_run(
            "other code that is not given the step object",
            """
            @step.do("encode")
            async def encode():
                return json.dumps(event["payload"])

            await encode()
            """,
            imports="import json",
        ),
        in_run(
            "a table of steps",
            """
            @step.do("charge")
            async def charge():
                return 1

            @step.do("refund")
            async def refund():
                return 2

            await {"charge": charge, "refund": refund}["refund" if event["payload"] else "charge"]()
            """,
        ),
    )


RULE = Rule(
    code="SG004",
    name="incomplete",
    severity=Severity.INFORMATION,
    summary="The analysis cannot resolve something that may run steps.",
    why="Steps may be missing from the graph, and are not checked. This says nothing against the code.",
    fix="Call what runs steps by its name, and keep it in the project. Where that is not wanted, leave it as it is.",
    source="The analysis: the same is noted beside the graph.",
    flagged=_flagged,
    clean=_clean,
    check=_check,
    check_project=_check_project,
)
