"""`depends` in the implicit dependency mode."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from stepgraph.checks.analysis.steps import format_code_list, is_parameter_name
from stepgraph.checks.diagnostic import Diagnostic, Severity, first_diagnostics
from stepgraph.checks.rule import Rule
from stepgraph.ir.facts import MethodCalled
from stepgraph.ir.static_values import StaticCollection, StaticFunction, StaticMapping, StaticStep
from stepgraph.ir.values import Constant
from stepgraph.project.configuration.compatibility import DependencyMode

if TYPE_CHECKING:
    from stepgraph.checks.example import Example
    from stepgraph.checks.subject import WorkflowSubject
    from stepgraph.ir.facts import StaticArgument
    from stepgraph.ir.values import Value


def _check(subject: WorkflowSubject) -> Iterator[Diagnostic]:
    if subject.program.mode is DependencyMode.IMPLICIT:
        yield from first_diagnostics(_matches(subject))


def _matches(subject: WorkflowSubject) -> Iterator[Diagnostic]:
    for call in subject.facts_of_type(MethodCalled):
        depends = call.arguments.find(1, "depends") if call.method == "do" else None
        if depends is not None and not call.expects_type_error and not _is_as_in_javascript(depends):
            yield Diagnostic(
                depends.place.span,
                f"{_what(depends)}: with this project's compatibility date or flags, dependencies are implicit.",
                _advice(depends.value),
            )


def _is_as_in_javascript(depends: StaticArgument) -> bool:
    """Return whether the second argument is a function or a config, which another rule reports."""
    return depends.keyword is None and isinstance(depends.value, StaticFunction | StaticMapping)


def _what(depends: StaticArgument) -> str:
    if depends.keyword is None:
        return f"`step.do` fails with a TypeError for a second positional argument, `{depends.place.text}`"
    return "`step.do` fails with a TypeError for `depends`"


def _advice(value: Value) -> str:
    if value == Constant(None):
        return "Remove it."
    elements = value.elements if isinstance(value, StaticCollection) else ()
    steps = [element.value.definition for element in elements if isinstance(element.value, StaticStep)]
    if not steps or len(steps) < len(elements):
        return "Remove it, and name the parameters of the function after the steps that it needs."
    names = [step.name if is_parameter_name(step.name) else step.function_name for step in steps]
    renamed = [step.function_name for step in steps if not is_parameter_name(step.name)]
    also = (
        f" and name the step of `{renamed[0]}` {renamed[0]!r}, as parameters bear the names of steps,"
        if renamed
        else ""
    )
    parameters = f"the parameter{'s' * (len(names) > 1)} {format_code_list(names)}, named after what it needs"
    return f"Remove it,{also} and give the function {parameters}."


def _flagged() -> tuple[Example, ...]:
    from stepgraph.checks.example import in_run

    return (
        in_run(
            "a list of steps",
            """
            @step.do("load")
            async def load():
                return [1, 2]

            @step.do("total", depends=[load])  # SG104
            async def total(load):
                return sum(load)

            await total()
            """,
        ),
        in_run(
            "a list by position",
            """
            @step.do("load")
            async def load():
                return [1, 2]

            @step.do("total", [load], concurrent=True)  # SG104
            async def total(load):
                return sum(load)

            await total()
            """,
        ),
        in_run(
            "in options that several steps share",
            """
            options = {
                "depends": None,  # SG104
                "concurrent": False,
            }

            @step.do("load", **options)
            async def load():
                return [1, 2]

            await load()
            """,
        ),
    )


def _clean() -> tuple[Example, ...]:
    from stepgraph.checks.example import in_run, project

    return (
        in_run(
            "where dependencies are listed",
            """
            @step.do("load")
            async def load():
                return [1, 2]

            @step.do("total", depends=[load])
            async def total(rows):
                return sum(rows)

            await total()
            """,
            mode=DependencyMode.LEGACY,
        ),
        project(
            "where a flag says that dependencies are listed",
            {
                "entry.py": """
                    from workers import WorkflowEntrypoint


                    class Example(WorkflowEntrypoint):
                        async def run(self, event, step):
                            @step.do("load")
                            async def load():
                                return [1, 2]

                            @step.do("total", [load])
                            async def total(rows):
                                return sum(rows)

                            await total()
                """,
                "wrangler.jsonc": """
                    {
                      "main": "entry.py",
                      "compatibility_date": "2026-03-01",
                      "compatibility_flags": ["python_workers", "no_python_workflows_implicit_dependencies"],
                      "workflows": [{"name": "example", "binding": "EXAMPLE", "class_name": "Example"}]
                    }
                """,
            },
        ),
        in_run(
            "an argument of that name to something else",
            """
            def described(name, depends):
                return {"name": name, "depends": depends}

            @step.do("describe")
            async def describe():
                return described("total", depends=["load"])

            await describe()
            """,
        ),
    )


RULE = Rule(
    code="SG104",
    name="depends-in-implicit-mode",
    severity=Severity.ERROR,
    summary="`depends` is given to `step.do` where dependencies are implicit.",
    why="From compatibility date 2026-02-25 on, or with the flag `python_workflows_implicit_dependencies`, `step.do`"
    " has no `depends`, so this fails with a TypeError where the step is declared.",
    fix="Name the parameters of the step's function after the steps that it needs, and remove `depends`; or keep the"
    " list with the flag `no_python_workflows_implicit_dependencies`.",
    source="SDK: `_do_implicit`; workerd: the compatibility flag; seen by running it.",
    flagged=_flagged,
    clean=_clean,
    check=_check,
)
