"""Invalid values in a configuration."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from stepgraph.checks.diagnostic import Diagnostic, Severity, diagnostics_of, hint_diagnostics
from stepgraph.checks.rule import Rule
from stepgraph.model.note import ProblemKind

if TYPE_CHECKING:
    from stepgraph.checks.example import Example
    from stepgraph.checks.subject import ProjectSubject


def _check(subject: ProjectSubject) -> Iterator[Diagnostic]:
    yield from diagnostics_of(subject.problems, ProblemKind.CONFIGURATION)
    yield from hint_diagnostics(subject.hints)


_ENTRY = """
    from workers import WorkflowEntrypoint


    class Orders(WorkflowEntrypoint):
        async def run(self, event, step):
            await step.sleep("rest", "1 hour")
    """


def _flagged() -> tuple[Example, ...]:
    from stepgraph.checks.example import project

    return (
        project(
            "a workflow without a name",
            {
                "wrangler.jsonc": """
                    {
                      "name": "shop",
                      "main": "entry.py",
                      "compatibility_date": "2026-03-01",
                      "compatibility_flags": ["python_workers"],
                      "workflows": [
                        {"binding": "ORDERS", "class_name": "Orders"} // SG003
                      ]
                    }
                    """,
                "entry.py": _ENTRY,
            },
        ),
        project(
            "a main module that is not there",
            {
                "wrangler.toml": """
                    name = "shop"
                    main = "src/entry.py"  # SG003
                    compatibility_date = "2026-03-01"
                    compatibility_flags = ["python_workers"]

                    [[workflows]]
                    binding = "ORDERS"
                    name = "orders"
                    class_name = "Orders"
                    """,
                "entry.py": _ENTRY,
            },
        ),
        project(
            "text where a list is expected",
            {
                "wrangler.toml": """
                    name = "shop"
                    main = "entry.py"
                    compatibility_date = "2026-03-01"
                    compatibility_flags = "python_workers"  # SG003

                    [[workflows]]
                    binding = "ORDERS"
                    name = "orders"
                    class_name = "Orders"
                    """,
                "entry.py": _ENTRY,
            },
        ),
        project(
            "a comma is missing",
            {
                "wrangler.jsonc": """
                    {
                      "name": "shop"
                      "main": "entry.py" // SG003
                    }
                    """,
                "entry.py": _ENTRY,
            },
        ),
    )


def _clean() -> tuple[Example, ...]:
    from stepgraph.checks.example import project

    return (
        project(
            "comments, and commas at the end",
            {
                "wrangler.jsonc": """
                    {
                      // what the Worker is called
                      "name": "shop",
                      "main": "entry.py",
                      "compatibility_date": "2026-03-01",
                      "compatibility_flags": ["python_workers"],
                      "workflows": [{"binding": "ORDERS", "name": "orders", "class_name": "Orders"},],
                    }
                    """,
                "entry.py": _ENTRY,
            },
        ),
        project(
            "fields that only wrangler reads",
            {
                "wrangler.toml": """
                    name = "shop"
                    main = "entry.py"
                    compatibility_date = "2026-03-01"
                    compatibility_flags = ["python_workers"]
                    observability = { enabled = true }

                    [[workflows]]
                    binding = "ORDERS"
                    name = "orders"
                    class_name = "Orders"
                    limits = { steps = 500 }
                    """,
                "entry.py": _ENTRY,
            },
        ),
        project(
            "a workflow of another Worker",
            {
                "wrangler.jsonc": """
                    {
                      "name": "shop",
                      "main": "entry.py",
                      "compatibility_date": "2026-03-01",
                      "compatibility_flags": ["python_workers"],
                      "workflows": [
                        {"binding": "ORDERS", "name": "orders", "class_name": "Orders"},
                        {"binding": "BILLS", "name": "bills", "class_name": "Bills", "script_name": "billing"}
                      ]
                    }
                    """,
                "entry.py": _ENTRY,
            },
        ),
    )


RULE = Rule(
    code="SG003",
    name="configuration-error",
    severity=Severity.ERROR,
    summary="wrangler's configuration is not valid, or names what is not there.",
    why="wrangler refuses it, or deploys something else than it says. What is allowed but surprising is information.",
    fix="Correct the field that is named.",
    source="wrangler: `config-schema.json`, and how it reads a configuration.",
    flagged=_flagged,
    clean=_clean,
    check_project=_check,
)
