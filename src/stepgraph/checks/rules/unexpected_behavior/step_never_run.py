"""Steps that are declared but never run."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from stepgraph.checks.diagnostic import Confidence, Diagnostic, Severity
from stepgraph.checks.rule import Rule
from stepgraph.ir.facts import StepNeverCalled, UnresolvedStepParameter
from stepgraph.syntax.module import SourcePlace

if TYPE_CHECKING:
    from stepgraph.checks.subject import WorkflowSubject


def _check(subject: WorkflowSubject) -> Iterator[Diagnostic]:
    unresolved = {each.parameter.name: each.parameter.place for each in subject.facts_of_type(UnresolvedStepParameter)}
    for fact in subject.facts_of_type(StepNeverCalled):
        step = fact.definition
        message = f"the step {step.quoted_name} never runs: it is never called, and no other step depends on it."
        parameter = unresolved.get(step.function_name)
        advice = (
            _advice_to_call(fact)
            if parameter is None
            else _advice_on_parameter(step.function_name, fact.place, parameter)
        )
        yield Diagnostic(fact.place.span, message, advice)


def _advice_to_call(fact: StepNeverCalled) -> str:
    """Return advice for a step to which nothing refers: its function, or the result of `step.do(...)(function)`."""
    # Imported here because it loads LibCST, which a run without findings does not need.
    from stepgraph.syntax.places import assigned_name, call_of_callee

    declaration = call_of_callee(fact.place)
    if declaration is None:
        return f"Call it with `await {fact.definition.function_name}()`, or remove it."
    name = assigned_name(declaration)
    if name:
        return f"Call it with `await {name}()`, or remove it."
    return f"Run it with `await {declaration.text}()`, or remove it."


def _advice_on_parameter(function: str, place: SourcePlace, parameter: SourcePlace) -> str:
    """Return advice for an uncalled step to which a parameter seems to refer by the name of its function."""
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
    flags_unused_code=True,
)
