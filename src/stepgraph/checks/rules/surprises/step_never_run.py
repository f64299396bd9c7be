"""Steps that are declared and never run."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from stepgraph.checks.diagnostic import Confidence, Diagnostic, Severity
from stepgraph.checks.rule import Rule
from stepgraph.ir.facts import StepNeverCalled, UnresolvedStepParameter

if TYPE_CHECKING:
    from stepgraph.checks.subject import WorkflowSubject


def _check(subject: WorkflowSubject) -> Iterator[Diagnostic]:
    wanted = {unknown.parameter.name for unknown in subject.facts_of_type(UnresolvedStepParameter)}
    for fact in subject.facts_of_type(StepNeverCalled):
        step = fact.definition
        message = f"the step {step.name!r} is declared and never called, so it never runs."
        yield Diagnostic(fact.place.span, message, _advice(step.function_name, is_wanted=step.function_name in wanted))


def _advice(function: str, *, is_wanted: bool) -> str:
    if is_wanted:
        return f"The parameter `{function}` of another step is meant for it: see what is said of that."
    return f"Call it, `await {function}()`, or remove it."


RULE = Rule(
    code="SG202",
    name="step-never-run",
    module=__name__,
    severity=Severity.WARNING,
    confidence=Confidence.MEDIUM,
    check=_check,
)
