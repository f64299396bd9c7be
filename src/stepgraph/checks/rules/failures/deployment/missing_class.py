"""Configured workflows whose class does not exist."""

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
    return diagnostics_of(subject.problems, ProblemKind.MISSING_CLASS, "The workflow cannot start.")


def _flagged() -> tuple[Example, ...]:
    from stepgraph.checks.example import project

    return (
        project(
            "a slip of the pen",
            {
                "wrangler.jsonc": """
                    {
                      "name": "shop",
                      "main": "entry.py",
                      "compatibility_date": "2026-03-01",
                      "compatibility_flags": ["python_workers"],
                      "workflows": [
                        {"binding": "ORDERS", "name": "orders", "class_name": "OrderWorkflow"} // SG114
                      ]
                    }
                    """,
                "entry.py": """
                    from workers import WorkflowEntrypoint


                    class OrdersWorkflow(WorkflowEntrypoint):
                        async def run(self, event, step):
                            await step.sleep("rest", "1 hour")
                    """,
            },
        ),
        project(
            "a class of a module that the main module does not import",
            {
                "wrangler.toml": """
                    name = "shop"
                    main = "entry.py"
                    compatibility_date = "2026-03-01"
                    compatibility_flags = ["python_workers"]

                    [[workflows]]
                    binding = "ORDERS"
                    name = "orders"
                    class_name = "Orders"  # SG114
                    """,
                "entry.py": """
                    from workers import Response, WorkerEntrypoint


                    class Default(WorkerEntrypoint):
                        async def fetch(self, request):
                            return Response("ok")
                    """,
                "orders.py": """
                    from workers import WorkflowEntrypoint


                    class Orders(WorkflowEntrypoint):
                        async def run(self, event, step):
                            await step.sleep("rest", "1 hour")
                    """,
            },
        ),
        project(
            "a class that is no workflow",
            {
                "wrangler.toml": """
                    name = "shop"
                    main = "entry.py"
                    compatibility_date = "2026-03-01"
                    compatibility_flags = ["python_workers"]

                    [[workflows]]
                    binding = "ORDERS"
                    name = "orders"
                    class_name = "Orders"  # SG114
                    """,
                "entry.py": """
                    from workers import WorkerEntrypoint


                    class Orders(WorkerEntrypoint):
                        async def run(self, event, step):
                            await step.sleep("rest", "1 hour")
                    """,
            },
        ),
    )


def _clean() -> tuple[Example, ...]:
    from stepgraph.checks.example import project

    configuration = """
        {
          "name": "shop",
          "main": "entry.py",
          "compatibility_date": "2026-03-01",
          "compatibility_flags": ["python_workers"],
          "workflows": [{"binding": "ORDERS", "name": "orders", "class_name": "Orders"}]
        }
        """
    return (
        project(
            "a class that the main module imports",
            {
                "entry.py": "from flows.orders import Orders",
                "flows/__init__.py": "",
                "flows/orders.py": """
                    from workers import WorkflowEntrypoint


                    class Orders(WorkflowEntrypoint):
                        async def run(self, event, step):
                            await step.sleep("rest", "1 hour")
                    """,
                "wrangler.jsonc": configuration,
            },
        ),
        project(
            "a class derived from one of the project",
            {
                "entry.py": """
                    from base import Flow


                    class Orders(Flow):
                        async def run(self, event, step):
                            await step.sleep("rest", "1 hour")
                    """,
                "base.py": """
                    from workers import WorkflowEntrypoint


                    class Flow(WorkflowEntrypoint):
                        pass
                    """,
                "wrangler.jsonc": configuration,
            },
        ),
        project(
            "a class of another Worker",
            {
                "entry.py": """
                    from workers import WorkflowEntrypoint


                    class Orders(WorkflowEntrypoint):
                        async def run(self, event, step):
                            await step.sleep("rest", "1 hour")
                    """,
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
            },
        ),
    )


RULE = Rule(
    code="SG114",
    name="missing-class",
    severity=Severity.ERROR,
    summary="The configuration names a workflow class that the main module does not have.",
    why="The runtime finds no class for the workflow: it is refused, or none of its instances starts.",
    fix="Name a class that derives from `WorkflowEntrypoint` and that the main module defines or imports.",
    source="workerd: how it registers the classes of the main module.",
    flagged=_flagged,
    clean=_clean,
    check_project=_check,
)
