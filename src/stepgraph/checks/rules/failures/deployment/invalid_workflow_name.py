"""Names of workflows that the engine rejects."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from stepgraph.checks.diagnostic import Diagnostic, Severity, empty_span
from stepgraph.checks.rule import Rule

if TYPE_CHECKING:
    from stepgraph.checks.example import Example
    from stepgraph.checks.subject import ProjectSubject

_LONGEST: Final = 64
_VALID: Final = re.compile(r"[a-zA-Z0-9_][a-zA-Z0-9_-]*")
_UNFIT: Final = re.compile(r"[^a-zA-Z0-9_-]")
_ADVICE: Final = f"Write 1 to {_LONGEST} letters, digits, hyphens and underscores, with no hyphen at the start."


def _check(subject: ProjectSubject) -> Iterator[Diagnostic]:
    for configuration in subject.configurations:
        for workflow in configuration.workflows:
            fault = _fault(workflow.name)
            if fault is not None:
                message = f"the name {workflow.name!r} {fault}, so Cloudflare refuses to deploy the workflow."
                yield Diagnostic(
                    empty_span(configuration.path, workflow.name_position), message, _advice(workflow.name)
                )


def _fault(name: str) -> str | None:
    if len(name) > _LONGEST:
        return f"is longer than {_LONGEST} characters ({len(name)})"
    if _VALID.fullmatch(name):
        return None
    unfit = _UNFIT.search(name)
    return "begins with a hyphen" if unfit is None else f"has {_named(unfit[0])} in it"


def _named(character: str) -> str:
    return "a space" if character == " " else repr(character)


def _advice(name: str) -> str:
    likely = _UNFIT.sub("-", name).strip("-")
    if not _VALID.fullmatch(likely) or len(likely) > _LONGEST:
        return _ADVICE
    return f'Write "{likely}", or another name of 1 to {_LONGEST} letters, digits, hyphens and underscores.'


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
            "a space",
            {
                "wrangler.jsonc": """
                    {
                      "name": "shop",
                      "main": "entry.py",
                      "compatibility_date": "2026-03-01",
                      "compatibility_flags": ["python_workers"],
                      "workflows": [
                        {
                          "binding": "ORDERS",
                          "name": "process orders", // SG113
                          "class_name": "Orders"
                        }
                      ]
                    }
                    """,
                "entry.py": _ENTRY,
            },
        ),
        project(
            "a dot",
            {
                "wrangler.toml": """
                    name = "shop"
                    main = "entry.py"
                    compatibility_date = "2026-03-01"
                    compatibility_flags = ["python_workers"]

                    [[workflows]]
                    binding = "ORDERS"
                    name = "shop.orders"  # SG113
                    class_name = "Orders"
                    """,
                "entry.py": _ENTRY,
            },
        ),
        project(
            "a hyphen at the start",
            {
                "wrangler.toml": """
                    name = "shop"
                    main = "entry.py"
                    compatibility_date = "2026-03-01"
                    compatibility_flags = ["python_workers"]

                    [[workflows]]
                    binding = "ORDERS"
                    name = "-orders"  # SG113
                    class_name = "Orders"
                    """,
                "entry.py": _ENTRY,
            },
        ),
        project(
            "too long, of a class that is exported",
            {
                "wrangler.jsonc": """
                    {
                      "name": "shop",
                      "main": "entry.py",
                      "compatibility_date": "2026-03-01",
                      "compatibility_flags": ["python_workers"],
                      "exports": {
                        "Orders": {
                          "type": "workflow",
                          "name": "orders-of-all-customers-in-all-countries-in-which-the-shop-sells-so-far" // SG113
                        }
                      }
                    }
                    """,
                "entry.py": _ENTRY,
            },
        ),
    )


def _clean() -> tuple[Example, ...]:
    from stepgraph.checks.example import project

    def named(title: str, name: str) -> Example:
        return project(
            title,
            {
                "wrangler.jsonc": f"""
                    {{
                      "name": "shop",
                      "main": "entry.py",
                      "compatibility_date": "2026-03-01",
                      "compatibility_flags": ["python_workers"],
                      "workflows": [{{"binding": "ORDERS", "name": "{name}", "class_name": "Orders"}}]
                    }}
                    """,
                "entry.py": _ENTRY,
            },
        )

    return (
        named("dashes, and an underscore at the start", "_process-orders"),
        named("capitals and a digit at the start", "2ndOrders"),
        named("64 characters", "o" * _LONGEST),
    )


RULE = Rule(
    code="SG113",
    name="invalid-workflow-name",
    severity=Severity.ERROR,
    summary="The name of a workflow is too long, or has a character that is not allowed.",
    why="Cloudflare refuses the workflow, so nothing is deployed.",
    fix="Write 1 to 64 letters, digits, hyphens and underscores, with no hyphen at the start.",
    source="Engine: `isValidWorkflowName`; the limits page.",
    flagged=_flagged,
    clean=_clean,
    check_project=_check,
)
