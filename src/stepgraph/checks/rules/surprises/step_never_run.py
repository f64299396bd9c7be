"""Steps that are declared but never run."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from stepgraph.checks.diagnostic import Confidence, Diagnostic, Severity
from stepgraph.checks.rule import Rule
from stepgraph.ir.facts import StepNeverCalled, UnresolvedStepParameter
from stepgraph.syntax.module import Place

if TYPE_CHECKING:
    from stepgraph.checks.subject import WorkflowSubject


def _check(subject: WorkflowSubject) -> Iterator[Diagnostic]:
    unresolved = {each.parameter.name: each.parameter.place for each in subject.facts_of_type(UnresolvedStepParameter)}
    for fact in subject.facts_of_type(StepNeverCalled):
        step = fact.definition
        message = f"the step {step.name!r} is declared but never called, so it never runs."
        parameter = unresolved.get(step.function_name)
        yield Diagnostic(fact.place.span, message, _advice(step.function_name, fact.place, parameter))


def _advice(function: str, place: Place, parameter: Place | None) -> str:
    """Return advice for an uncalled step. `parameter` seems to refer to it by the name of its function."""
    if parameter is None:
        return f"Call it with `await {function}()`, or remove it."
    span = parameter.span
    where = f"line {span.line}" if span.path == place.span.path else f"line {span.line} of {span.path}"
    return f"Another step's parameter `{function}` seems to refer to it: see SG101 on {where}."


RULE = Rule(
    code="SG202",
    name="step-never-run",
    module=__name__,
    severity=Severity.WARNING,
    confidence=Confidence.MEDIUM,
    check=_check,
)
