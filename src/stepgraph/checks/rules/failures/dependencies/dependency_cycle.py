"""Steps that depend on each other or on themselves."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from stepgraph.checks.analysis.steps import reachable_steps
from stepgraph.checks.diagnostic import Diagnostic, Severity, first_diagnostics
from stepgraph.checks.rule import Rule
from stepgraph.ir.facts import DependencyCycle
from stepgraph.phrases import cycle_phrase

if TYPE_CHECKING:
    from stepgraph.checks.subject import WorkflowSubject
    from stepgraph.ir.nodes import StepDefinition
    from stepgraph.syntax.module import SourcePlace


def _check(subject: WorkflowSubject) -> Iterator[Diagnostic]:
    running = reachable_steps(subject).all
    cycles = (cycle.steps for cycle in subject.facts_of_type(DependencyCycle) if running.issuperset(cycle.steps))
    return first_diagnostics(_diagnostic_of_cycle(steps) for steps in cycles)


def _diagnostic_of_cycle(steps: tuple[StepDefinition, ...]) -> Diagnostic:
    """Report a cycle at the first step's parameter for the next step, or at the first step itself."""
    first = steps[0]
    name = repr(first.name)
    place = _parameter_for(first, steps[1 % len(steps)]) or first.place
    if len(steps) == 1:
        return Diagnostic(
            place.span,
            f"the step {name} depends on itself, so it fails with a RecursionError.",
            "Name the parameter after another step, or remove it.",
        )
    cycle = cycle_phrase([step.name for step in steps])
    return Diagnostic(
        place.span,
        f"dependency cycle: {cycle}, so the step {name} fails with a RecursionError.",
        "Remove one of these parameters, or move the shared work to a separate step.",
    )


def _parameter_for(step: StepDefinition, dependency: StepDefinition) -> SourcePlace | None:
    return next((parameter.place for parameter in step.parameters if parameter.name == dependency.name), None)


RULE = Rule(
    code="SG107",
    name="dependency-cycle",
    module=__name__,
    severity=Severity.ERROR,
    check=_check,
)
