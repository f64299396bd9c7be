"""Code whose exceptions the callers of its function handle, as in a test for a feature."""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from functools import partial
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from stepgraph.ir.facts import FunctionCalled
from stepgraph.syntax.module import SourcePlace

if TYPE_CHECKING:
    from stepgraph.checks.subject import WorkflowSubject

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
