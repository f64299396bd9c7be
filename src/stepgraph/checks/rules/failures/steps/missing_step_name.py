"""`step.do` without a required name."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from stepgraph.checks.diagnostic import Diagnostic, Severity, first_diagnostics
from stepgraph.checks.rule import Rule
from stepgraph.ir.facts import MethodCalled, StepDeclared
from stepgraph.project.configuration.compatibility import DependencyMode

if TYPE_CHECKING:
    from stepgraph.checks.example import Example
    from stepgraph.checks.subject import WorkflowSubject


def _check(subject: WorkflowSubject) -> Iterator[Diagnostic]:
    if subject.program.mode is DependencyMode.LEGACY:
        yield from first_diagnostics(_matches(subject))


def _matches(subject: WorkflowSubject) -> Iterator[Diagnostic]:
    functions = {declared.place: declared.definition.function_name for declared in subject.facts_of_type(StepDeclared)}
    for call in subject.facts_of_type(MethodCalled):
        arguments = call.arguments
        if call.method != "do" or call.expects_type_error:
            continue
        if not arguments.whole or arguments.find(0, "name") is not None:
            continue
        function = functions.get(call.place, "...")
        others = ", ..." if arguments.items else ""
        yield Diagnostic(
            call.place.span,
            f"`step.do({'...' if arguments.items else ''})` without a name fails with a TypeError: with this project's"
            " compatibility date or flags, the name is required.",
            f'Write `step.do("{function}"{others})`.',
        )


def _flagged() -> tuple[Example, ...]:
    from stepgraph.checks.example import in_run

    return (
        in_run(
            "the function's name was meant",
            """
            @step.do()  # SG106
            async def charge():
                return 10

            await charge()
            """,
            mode=DependencyMode.LEGACY,
        ),
        in_run(
            "only a config",
            """
            @step.do(config={"timeout": "1 minute"})  # SG106
            async def charge():
                return 10

            await charge()
            """,
            mode=DependencyMode.LEGACY,
        ),
        in_run(
            "only dependencies",
            """
            @step.do("load")
            async def load():
                return [1, 2]

            @step.do(depends=[load])  # SG106
            async def total(rows):
                return sum(rows)

            await total()
            """,
            mode=DependencyMode.LEGACY,
        ),
    )


def _clean() -> tuple[Example, ...]:
    from stepgraph.checks.example import in_run

    return (
        in_run(
            "where the function's name is taken",
            """
            @step.do()
            async def charge():
                return 10

            await charge()
            """,
        ),
        in_run(
            "a name that is None, which takes that of the function",
            """
            @step.do(None)
            async def charge():
                return 10

            await charge()
            """,
            mode=DependencyMode.LEGACY,
        ),
        in_run(
            "a name among other options",
            """
            options = {"name": "charge", "concurrent": True}

            @step.do(**options)
            async def charge():
                return 10

            await charge()
            """,
            mode=DependencyMode.LEGACY,
        ),
    )


RULE = Rule(
    code="SG106",
    name="missing-step-name",
    severity=Severity.ERROR,
    summary="`step.do` is given no name, where one is required.",
    why="Before compatibility date 2026-02-25, or with the flag `no_python_workflows_implicit_dependencies`, the name"
    " is required: without it, declaring the step fails with a TypeError.",
    fix='Name the step: `@step.do("charge")`.',
    source="SDK: `_do_legacy`; workerd: the compatibility flag; seen by running it.",
    flagged=_flagged,
    clean=_clean,
    check=_check,
)
