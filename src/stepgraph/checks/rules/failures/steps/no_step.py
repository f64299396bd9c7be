"""Workflows without steps."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from stepgraph.checks.diagnostic import Diagnostic, Severity
from stepgraph.checks.rule import Rule
from stepgraph.ir.facts import StepDeclared

if TYPE_CHECKING:
    from stepgraph.checks.example import Example
    from stepgraph.checks.subject import WorkflowSubject


def _check(subject: WorkflowSubject) -> Iterator[Diagnostic]:
    if subject.graph is not None or any(note.incomplete for note in subject.notes):
        return
    if subject.configured is None and subject.program.may_be_base:
        return
    if any(subject.facts_of_type(StepDeclared)):
        return  # another rule reports steps that never run, and unresolved code may run steps
    yield Diagnostic(
        subject.program.name_place.span,
        f"no step can run in `{subject.program.class_name}`: nothing that it does is kept or tried again, and there is"
        " no graph to show.",
        "Do its work in functions with `@step.do(...)` above them, and await a call of each.",
    )


_CONFIGURATION = """
    {
      "name": "shop",
      "main": "entry.py",
      "compatibility_date": "2026-03-01",
      "compatibility_flags": ["python_workers"],
      "workflows": [{"binding": "ORDERS", "name": "orders", "class_name": "Orders"}]
    }
    """


def _flagged() -> tuple[Example, ...]:
    from stepgraph.checks.example import module, project

    return (
        module(
            "a method with steps that nothing calls",
            """
            from workers import WorkflowEntrypoint


            class Orders(WorkflowEntrypoint):  # SG123
                async def run(self, event, step):
                    print("started")

                async def work(self, step):
                    @step.do("charge")
                    async def charge():
                        return 1

                    await charge()
            """,
        ),
        module(
            "work outside of steps",
            """
            from workers import WorkflowEntrypoint


            async def charge(order):
                return {"charged": order}


            class Orders(WorkflowEntrypoint):  # SG123
                async def run(self, event, step):
                    return await charge(event["payload"]["order"])
            """,
        ),
        project(
            "a configured class that does nothing yet",
            {
                "entry.py": """
                    from workers import WorkflowEntrypoint


                    class Orders(WorkflowEntrypoint):  # SG123
                        async def run(self, event, step):
                            raise NotImplementedError
                    """,
                "wrangler.jsonc": _CONFIGURATION,
            },
        ),
    )


def _clean() -> tuple[Example, ...]:
    from stepgraph.checks.example import in_run, module, project

    return (
        in_run("a sleep alone", 'await step.sleep("rest", "1 hour")'),
        module(
            "a base class whose work is done by others",
            """
            from workers import WorkflowEntrypoint


            class Flow(WorkflowEntrypoint):
                async def run(self, event, step):
                    await self.work(step)

                async def work(self, step):
                    pass


            class Orders(Flow):
                async def work(self, step):
                    await step.sleep("rest", "1 hour")
            """,
        ),
        project(
            "a base class that demands `run`, and is not deployed",
            {
                "entry.py": """
                    from workers import WorkflowEntrypoint


                    class Flow(WorkflowEntrypoint):
                        async def run(self, event, step):
                            raise NotImplementedError


                    class Orders(Flow):
                        async def run(self, event, step):
                            await step.sleep("rest", "1 hour")
                    """,
                "wrangler.jsonc": _CONFIGURATION,
            },
        ),
        in_run(
            "steps in a queue",
            """
            @step.do("charge")
            async def charge():
                return 1

            jobs = queue.SimpleQueue()
            jobs.put(charge)
            while not jobs.empty():
                await jobs.get()()
            """,
            imports="import queue",
        ),
        in_run(
            "steps in functions of its own",
            """
            async def charge():
                @step.do("charge")
                async def charged():
                    return 1

                return await charged()

            await charge()
            """,
        ),
    )


RULE = Rule(
    code="SG123",
    name="no-step",
    severity=Severity.ERROR,
    summary="A workflow has no step that can run.",
    why="The engine keeps the results of steps and tries them again; it does neither for anything else. An instance"
    " does not fail for that and runs to its end, but nothing in it is durable, and the version's `has_dag` is false:"
    " it is an error because this is not a workflow yet, and should not be deployed as one.",
    fix="Do the work in steps, and await each of them.",
    source="Engine: an instance without steps is complete as soon as `run` returns; API: `has_dag`.",
    flagged=_flagged,
    clean=_clean,
    check=_check,
    is_consequence=True,
)
