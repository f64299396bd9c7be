"""Steps that depend on each other or on themselves."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from stepgraph.checks.diagnostic import Diagnostic, Severity, first_diagnostics
from stepgraph.checks.rule import Rule
from stepgraph.ir.facts import DependencyCycle

if TYPE_CHECKING:
    from stepgraph.checks.example import Example
    from stepgraph.checks.subject import WorkflowSubject
    from stepgraph.ir.nodes import StepDefinition
    from stepgraph.syntax.module import Place


def _check(subject: WorkflowSubject) -> Iterator[Diagnostic]:
    running = subject.reachable_steps.all
    cycles = (cycle.steps for cycle in subject.facts_of_type(DependencyCycle) if running.issuperset(cycle.steps))
    return first_diagnostics(_match(steps) for steps in cycles)


def _match(steps: tuple[StepDefinition, ...]) -> Diagnostic:
    first = steps[0]
    names = [repr(step.name) for step in steps]
    where = _parameter(first, steps[1 % len(steps)]) or first.place
    if len(steps) == 1:
        return Diagnostic(
            where.span,
            f"the step {names[0]} needs itself, so calling it fails with a RecursionError.",
            "Name the parameter after another step, or remove it.",
        )
    return Diagnostic(
        where.span,
        f"the step {names[0]} needs itself, so calling it fails with a RecursionError:"
        f" {' needs '.join([*names, names[0]])}.",
        "Remove one of these parameters; what two steps share can be a step of its own that both need.",
    )


def _parameter(step: StepDefinition, needed: StepDefinition) -> Place | None:
    return next((parameter.place for parameter in step.parameters if parameter.name == needed.name), None)


def _flagged() -> tuple[Example, ...]:
    from stepgraph.checks.example import in_run

    return (
        in_run(
            "two steps that need each other",
            """
            @step.do("order")
            async def order(invoice):  # SG107
                return invoice

            @step.do("invoice")
            async def invoice(order):
                return order

            await order()
            """,
        ),
        in_run(
            "a step with a parameter of its own name",
            """
            @step.do("total")
            async def total(total):  # SG107
                return total

            await total()
            """,
        ),
        in_run(
            "a cycle among what a step needs",
            """
            @step.do("a")
            async def a(c):  # SG107
                return c

            @step.do("b")
            async def b(a):
                return a

            @step.do("c")
            async def c(b):
                return b

            @step.do("report")
            async def report(a):
                return a

            await report()
            """,
        ),
    )


def _clean() -> tuple[Example, ...]:
    from stepgraph.checks.example import in_run

    return (
        in_run(
            "a diamond",
            """
            @step.do("user")
            async def user():
                return "Ada"

            @step.do("orders")
            async def orders(user):
                return [user]

            @step.do("address")
            async def address(user):
                return user

            @step.do("ship")
            async def ship(orders, address):
                return [*orders, address]

            await ship()
            """,
        ),
        in_run(
            "a step of the same name that was replaced",
            """
            @step.do("rows")
            async def loaded():
                return [1, 2]

            @step.do("total")
            async def total(rows):
                return sum(rows)

            first = await total()

            @step.do("rows")
            async def reloaded():
                return [first]

            await reloaded()
            """,
        ),
        in_run(
            "steps that need each other on different paths",
            """
            if event["payload"]["reverse"]:
                @step.do("a")
                async def a():
                    return 1

                @step.do("b")
                async def b(a):
                    return a
            else:
                @step.do("b")
                async def b():
                    return 2

                @step.do("a")
                async def a(b):
                    return b

            await a()
            await b()
            """,
        ),
    )


RULE = Rule(
    code="SG107",
    name="dependency-cycle",
    severity=Severity.ERROR,
    summary="A step that runs needs itself, by way of other steps or directly.",
    why="The SDK calls what a step needs before the step. In a cycle that never ends, and fails with a RecursionError.",
    fix="Break the cycle; what two steps share can be a step of its own that both need.",
    source="SDK: `_resolve_dependency`; seen by running it.",
    flagged=_flagged,
    clean=_clean,
    check=_check,
)
