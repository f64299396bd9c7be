"""Steps whose `depends` and parameters differ in number."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from stepgraph.checks.analysis.steps import (
    declarations_of,
    dependency_parameters,
    factory_advice,
    format_code_list,
)
from stepgraph.checks.diagnostic import Diagnostic, Severity, first_diagnostics
from stepgraph.checks.rule import Rule
from stepgraph.ir.facts import DependencyCountMismatch
from stepgraph.ir.static_values import StaticCollection

if TYPE_CHECKING:
    from stepgraph.checks.example import Example
    from stepgraph.checks.subject import WorkflowSubject
    from stepgraph.ir.facts import StepDeclared, StepFunctionShape


def _check(subject: WorkflowSubject) -> Iterator[Diagnostic]:
    return first_diagnostics(_matches(subject))


def _matches(subject: WorkflowSubject) -> Iterator[Diagnostic]:
    declarations = declarations_of(subject)
    running = subject.reachable_steps.all
    for count in subject.facts_of_type(DependencyCountMismatch):
        declared = declarations.get(count.definition)
        if (
            declared is None
            or declared.function is None
            or count.depends_count is None
            or count.definition not in running
        ):
            continue
        depends = declared.arguments.find(1, "depends")
        if depends is not None and isinstance(depends.value, StaticCollection) and depends.value.is_complete:
            yield Diagnostic(
                depends.place.span,
                f"`depends` of the step {count.definition.name!r} lists {_steps(count.depends_count)}, but its function"
                f" has {_parameters(count.parameters)} besides `ctx`, so calling it fails with a TypeError.",
                _advice(declared, declared.function, count.depends_count),
            )


def _steps(count: int) -> str:
    return "1 step" if count == 1 else f"{count or 'no'} steps"


def _parameters(count: int) -> str:
    return "1 parameter" if count == 1 else f"{count or 'no'} parameters"


def _advice(declared: StepDeclared, function: StepFunctionShape, count: int) -> str:
    parameters = dependency_parameters(function)
    captured = [parameter for parameter in parameters if parameter.default is not None]
    if captured and len(parameters) - len(captured) == count:
        return factory_advice(declared, function, captured)
    if not parameters:
        return "Give the function a parameter for each step that `depends` lists, or leave the steps out."
    names = format_code_list(parameter.name for parameter in parameters)
    return f"List one step for each parameter, in this order: {names}."


def _flagged() -> tuple[Example, ...]:
    from stepgraph.checks.example import in_run
    from stepgraph.project.configuration.compatibility import DependencyMode

    return (
        in_run(
            "a step too few",
            """
            @step.do("users")
            async def users():
                return ["Ada"]

            @step.do("mail", depends=[users])  # SG102
            async def mail(users, template):
                return [template + user for user in users]

            await mail()
            """,
            mode=DependencyMode.LEGACY,
        ),
        in_run(
            "a step that only has to run before",
            """
            @step.do("migrate")
            async def migrate():
                return True

            @step.do("seed", depends=[migrate])  # SG102
            async def seed():
                return 3

            await seed()
            """,
            mode=DependencyMode.LEGACY,
        ),
        in_run(
            "a loop variable kept by a default",
            """
            @step.do("token")
            async def token():
                return "secret"

            for page in range(3):
                @step.do(f"page {page}", depends=[token])  # SG102
                async def fetch(token, page=page):
                    return f"{token} {page}"

                await fetch()
            """,
            mode=DependencyMode.LEGACY,
        ),
    )


def _clean() -> tuple[Example, ...]:
    from stepgraph.checks.example import in_run
    from stepgraph.project.configuration.compatibility import DependencyMode

    return (
        in_run(
            "the context takes no step",
            """
            @step.do("users")
            async def users():
                return ["Ada"]

            @step.do("mail", depends=[users])
            async def mail(users, ctx):
                return len(users) + ctx["attempt"]

            await mail()
            """,
            mode=DependencyMode.LEGACY,
        ),
        in_run(
            "steps that are collected in a loop, for a parameter that takes any number",
            """
            def fetching(page):
                @step.do(f"page {page}")
                async def fetch():
                    return page

                return fetch

            pages = [fetching(1)]

            @step.do("merge", depends=pages)
            async def merge(*results):
                return list(results)

            await merge()
            """,
            mode=DependencyMode.LEGACY,
        ),
        in_run(
            "a default that a step fills",
            """
            @step.do("users")
            async def users():
                return ["Ada"]

            @step.do("mail", depends=[users])
            async def mail(recipients=None):
                return recipients

            await mail()
            """,
            mode=DependencyMode.LEGACY,
        ),
    )


RULE = Rule(
    code="SG102",
    name="wrong-depends-count",
    severity=Severity.ERROR,
    summary="`depends` lists more or fewer steps than the step's function has parameters besides `ctx`.",
    why="Before compatibility date 2026-02-25, steps list what they need, and that fills the parameters by position; a"
    " different count fails with a TypeError as soon as the step is called. Parameters with defaults count too.",
    fix="List one step for each parameter. To keep a value for a step, declare the step in a function that is given the"
    " value.",
    source="SDK: `_build_dependency_list`; seen by running it.",
    flagged=_flagged,
    clean=_clean,
    check=_check,
)
