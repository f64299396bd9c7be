"""The call in a workflow at which a finding in a shared function is reported.

A function that runs no steps itself is often correct when a step calls it, so the fault is the call outside of a step.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from msgspec import Struct

from stepgraph.checks.diagnostic import RelatedLocation
from stepgraph.ir.facts import CalledInStep
from stepgraph.ir.nodes import Call, Run, StartOperation

if TYPE_CHECKING:
    from stepgraph.checks.subject import WorkflowSubject
    from stepgraph.model.span import Span
    from stepgraph.syntax.module import SourcePlace


class CallSite(Struct, frozen=True):
    """The location of a finding about code that may be in another function."""

    place: SourcePlace
    """The code itself, or the call that leads to it."""
    is_call: bool
    """Whether the location is a call that leads to the code."""

    @property
    def callee_text(self) -> str:
        """The source of the called function."""
        return self.place.callee_text


def call_site(subject: WorkflowSubject, place: SourcePlace, calls: Sequence[SourcePlace]) -> CallSite:
    """Return the first of a place and its calls that is in `run` or in another function that runs steps.

    A function inside of such a function belongs to it, unless steps also call the inner function.
    """
    functions, shared = subject.once(_functions_with_steps), subject.once(_functions_called_in_steps)
    for candidate in (place, *calls):
        owner = next((id(f) for f in candidate.functions if id(f) in functions or id(f) in shared), None)
        if owner in functions:
            return CallSite(candidate, is_call=candidate is not place)
    return CallSite(place, is_call=False)


def call_in_step(place: SourcePlace, calls: Sequence[SourcePlace]) -> CallSite:
    """Return the innermost of a place in a step and its calls that is in the function of the step."""
    step_functions = calls[-1].functions if calls else ()
    for candidate in (place, *calls):
        if step_functions and step_functions[0] in candidate.functions:
            return CallSite(candidate, is_call=candidate is not place)
    return CallSite(place, is_call=False)


def related_source(place: SourcePlace, source: SourcePlace) -> tuple[RelatedLocation, ...]:
    """Return the call that produces a value as a related location of a place, unless both have the same location."""
    if place.span.encloses(source.span):
        return ()
    return (RelatedLocation(source.span, f"`{source.text}` is called here"),)


def line_phrase(span: Span, path: str) -> str:
    """Return `line 3`, with the file unless it is the file at `path`."""
    return f"line {span.line}" if span.path == path else f"line {span.line} of {span.path}"


def _functions_with_steps(subject: WorkflowSubject) -> frozenset[int]:
    """Return `run` and the functions that run steps, sleeps or waits, by `id` of the node."""
    nodes = {id(subject.program.run.node)}
    for visit in subject.program.operations:
        operation = visit.operation
        if isinstance(operation, Run | StartOperation) and isinstance(operation.activity, Call):
            function = operation.activity.function
            if function.may_run_steps:
                nodes.add(id(function.place.node))
    return frozenset(nodes)


def _functions_called_in_steps(subject: WorkflowSubject) -> frozenset[int]:
    """Return the functions that run in the body of a step, by `id` of the node."""
    return frozenset(id(called.function.node) for called in subject.facts_of_type(CalledInStep))
