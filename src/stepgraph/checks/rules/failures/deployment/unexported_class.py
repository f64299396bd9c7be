"""Configured workflows whose class exists but is not exported by the main module."""

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
    return diagnostics_of(subject.problems, ProblemKind.UNEXPORTED_CLASS, "The workflow cannot start.")


def _flagged() -> tuple[Example, ...]:
    from stepgraph.checks.example import project

    def configuration(class_name: str) -> str:
        return f"""
            {{
              "name": "shop",
              "main": "entry.py",
              "compatibility_date": "2026-03-01",
              "compatibility_flags": ["python_workers"],
              "workflows": [
                {{"binding": "ORDERS", "name": "orders", "class_name": "{class_name}"}} // SG115
              ]
            }}
            """

    return (
        project(
            "a private class",
            {
                "wrangler.jsonc": configuration("_Orders"),
                "entry.py": """
                    from workers import WorkflowEntrypoint


                    class _Orders(WorkflowEntrypoint):
                        async def run(self, event, step):
                            await step.sleep("rest", "1 hour")
                    """,
            },
        ),
        project(
            "a class that `__all__` leaves out",
            {
                "wrangler.jsonc": configuration("Orders"),
                "entry.py": """
                    from workers import WorkerEntrypoint, WorkflowEntrypoint

                    __all__ = ["Default"]


                    class Orders(WorkflowEntrypoint):
                        async def run(self, event, step):
                            await step.sleep("rest", "1 hour")


                    class Default(WorkerEntrypoint):
                        pass
                    """,
            },
        ),
        project(
            "another name for the class",
            {
                "wrangler.jsonc": configuration("Orders"),
                "entry.py": """
                    from workers import WorkflowEntrypoint


                    class OrdersWorkflow(WorkflowEntrypoint):
                        async def run(self, event, step):
                            await step.sleep("rest", "1 hour")


                    Orders = OrdersWorkflow
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
            "a class among those of `__all__`",
            {
                "entry.py": """
                    from workers import WorkflowEntrypoint

                    __all__ = ["Orders"]


                    class Orders(WorkflowEntrypoint):
                        async def run(self, event, step):
                            await step.sleep("rest", "1 hour")
                    """,
                "wrangler.jsonc": configuration,
            },
        ),
        project(
            "a private base class, which is not deployed",
            {
                "entry.py": """
                    from workers import WorkflowEntrypoint


                    class _Flow(WorkflowEntrypoint):
                        async def run(self, event, step):
                            await step.sleep("rest", "1 hour")


                    class Orders(_Flow):
                        pass
                    """,
                "wrangler.jsonc": configuration,
            },
        ),
        project(
            "the name of the class itself beside another name for it",
            {
                "entry.py": """
                    from workers import WorkflowEntrypoint


                    class Orders(WorkflowEntrypoint):
                        async def run(self, event, step):
                            await step.sleep("rest", "1 hour")


                    OrdersWorkflow = Orders
                    """,
                "wrangler.jsonc": configuration,
            },
        ),
    )


RULE = Rule(
    code="SG115",
    name="unexported-class",
    severity=Severity.ERROR,
    summary="The configuration names a workflow class that is private, not in `__all__`, or exported under another"
    " name.",
    why="The runtime registers the public workflow classes of the main module, or those of its `__all__`, under the"
    " classes' own names. It does not find this one, so the workflow is refused, or none of its instances starts.",
    fix="Give the class a public name, add it to `__all__`, or name it in the configuration as it is called.",
    source="workerd: how it registers the classes of the main module.",
    flagged=_flagged,
    clean=_clean,
    check_project=_check,
)
