"""The call in a workflow at which a finding in a shared function is reported.

A function that runs no steps itself is often correct when a step calls it, so the fault is the call outside of a step.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from functools import partial
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from msgspec import Struct

from stepgraph.checks.diagnostic import RelatedLocation
from stepgraph.ir.facts import CalledInStep, FunctionCalled
from stepgraph.ir.nodes import Call, Run, StartOperation
from stepgraph.syntax.module import SourcePlace

if TYPE_CHECKING:
    from stepgraph.checks.subject import WorkflowSubject
    from stepgraph.model.span import Span


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


HandledError: TypeAlias = Literal["NameError", "TypeError"]


def is_handled_by_callers(subject: WorkflowSubject, place: SourcePlace, error: HandledError) -> bool:
    """Return whether each call that leads to the function around a place handles an exception and names its type."""
    function = _function_around(place)
    return function is not None and function in subject.once(_GUARDED_FUNCTIONS[error])


def _guarded_functions(subject: WorkflowSubject, error: HandledError) -> AbstractSet[SourcePlace]:
    """Return the functions that are only called where a caller handles an exception and names its type."""
    called = {call.function for call in subject.facts_of_type(FunctionCalled)}
    unguarded_calls: dict[SourcePlace | None, list[SourcePlace]] = {}
    for call in _unguarded_calls(subject, error):
        caller = _function_around(call.place)
        unguarded_calls.setdefault(caller if caller in called else None, []).append(call.function)
    pending, unguarded = unguarded_calls.pop(None, []), set[SourcePlace]()
    while pending:
        function = pending.pop()
        unguarded.add(function)
        pending += unguarded_calls.pop(function, ())
    return called - unguarded


def _unguarded_calls(subject: WorkflowSubject, error: HandledError) -> Iterator[FunctionCalled]:
    # Imported here because it loads LibCST, which a run without findings does not need.
    from stepgraph.syntax.body_errors import catches_by_name, catches_where_awaited
    from stepgraph.syntax.places import is_async_function

    for call in subject.facts_of_type(FunctionCalled):
        catches = catches_where_awaited if is_async_function(call.function) else catches_by_name
        if not catches(call.place.node, call.place.module, error):
            yield call


_GUARDED_FUNCTIONS: Final = {error: partial(_guarded_functions, error=error) for error in ("NameError", "TypeError")}


def _function_around(place: SourcePlace) -> SourcePlace | None:
    return next((SourcePlace(place.module, function) for function in place.functions), None)
