"""Steps that depend on each other or on themselves."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from stepgraph.checks.diagnostic import Diagnostic, Severity, first_diagnostics
from stepgraph.checks.rule import Rule
from stepgraph.ir.facts import DependencyCycle

if TYPE_CHECKING:
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


RULE = Rule(
    code="SG107",
    name="dependency-cycle",
    module=__name__,
    severity=Severity.ERROR,
    check=_check,
)
