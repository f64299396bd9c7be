"""Steps with parameters and without `depends` in the legacy dependency mode."""

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

if TYPE_CHECKING:
    from collections.abc import Mapping

    from stepgraph.checks.example import Example
    from stepgraph.checks.subject import WorkflowSubject
    from stepgraph.ir.facts import StepDeclared, StepFunctionShape


def _check(subject: WorkflowSubject) -> Iterator[Diagnostic]:
    return first_diagnostics(_matches(subject))


def _matches(subject: WorkflowSubject) -> Iterator[Diagnostic]:
    declarations = declarations_of(subject)
    running = subject.reachable_steps.all
    functions = {step.name: step.function_name for step in declarations}
    functions |= {step.function_name: step.function_name for step in declarations}
    for missing in subject.facts_of_type(DependencyCountMismatch):
        declared = declarations.get(missing.definition)
        if missing.depends_count is not None or declared is None or missing.definition not in running:
            continue
        function = declared.function
        if function is not None and (parameters := dependency_parameters(function)):
            names = format_code_list(parameter.name for parameter in parameters)
            yield Diagnostic(
                parameters[0].place.span,
                f"the step {missing.definition.name!r} has the parameter{'s' * (len(parameters) > 1)} {names} but no"
                " `depends`, which this project's compatibility date or flags demand: calling it fails with a"
                " TypeError.",
                _advice(declared, function, functions),
            )


def _advice(declared: StepDeclared, function: StepFunctionShape, functions: Mapping[str, str]) -> str:
    parameters = dependency_parameters(function)
    captured = [parameter for parameter in parameters if parameter.default is not None]
    if len(captured) == len(parameters):
        return factory_advice(declared, function, captured)
    steps = [functions.get(parameter.name) for parameter in parameters]
    entries = [name for name in steps if name is not None]
    if len(entries) == len(parameters):
        return f"Add `depends=[{', '.join(entries)}]` to its `step.do(...)`."
    return (
        "List a step for each parameter in `depends=[...]`, or remove the parameter: the function can read other values"
        " from around it."
    )


def _flagged() -> tuple[Example, ...]:
    from stepgraph.checks.example import in_run
    from stepgraph.project.configuration.compatibility import DependencyMode

    return (
        in_run(
            "parameters named after steps",
            """
            @step.do("load")
            async def load():
                return [1, 2]

            @step.do("total")
            async def total(load):  # SG105
                return sum(load)

            await total()
            """,
            mode=DependencyMode.LEGACY,
        ),
        in_run(
            "a loop variable kept by a default",
            """
            for page in range(3):
                @step.do(f"page {page}")
                async def fetch(page=page):  # SG105
                    return page

                await fetch()
            """,
            mode=DependencyMode.LEGACY,
        ),
        in_run(
            "beside the context",
            """
            @step.do("notify")
            async def notify(ctx, user):  # SG105
                return user

            await notify()
            """,
            mode=DependencyMode.LEGACY,
        ),
    )


def _clean() -> tuple[Example, ...]:
    from stepgraph.checks.example import in_run
    from stepgraph.project.configuration.compatibility import DependencyMode

    return (
        in_run(
            "the context alone",
            """
            @step.do("attempt")
            async def attempt(ctx):
                return ctx["attempt"]

            await attempt()
            """,
            mode=DependencyMode.LEGACY,
        ),
        in_run(
            "parameters named after steps where that counts",
            """
            @step.do("load")
            async def load():
                return [1, 2]

            @step.do("total")
            async def total(load):
                return sum(load)

            await total()
            """,
        ),
        in_run(
            "arguments that are bound before",
            """
            async def fetch(page):
                return page

            for number in range(3):
                await step.do(f"page {number}")(functools.partial(fetch, number))()
            """,
            imports="import functools",
            mode=DependencyMode.LEGACY,
        ),
    )


RULE = Rule(
    code="SG105",
    name="missing-depends",
    severity=Severity.ERROR,
    summary="A step that runs has parameters besides `ctx`, and no `depends`, where steps have to list what they need.",
    why="Before compatibility date 2026-02-25, or with the flag `no_python_workflows_implicit_dependencies`, parameters"
    " are filled with the results of the steps that `depends` lists, whatever their names are. Without the list,"
    " calling the step fails with a TypeError, also for parameters with defaults.",
    fix="Add `depends=[...]` with a step for each parameter. To keep a value for a step, declare the step in a function"
    " that is given the value.",
    source="SDK: `_build_dependency_list`; workerd: the compatibility flag; seen by running it.",
    flagged=_flagged,
    clean=_clean,
    check=_check,
)
