"""Handlers for exception types that steps never raise, because the SDK replaces these types."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Final

from stepgraph.checks.analysis.tries import (
    catches_javascript,
    find_tries,
    handler_text,
    is_javascript,
    propagating_work,
    runs_steps,
)
from stepgraph.checks.diagnostic import Diagnostic, Severity
from stepgraph.checks.rule import Rule
from stepgraph.ir.exceptions import LANGUAGE_ERRORS, ExceptionType, NonStepErrors, builtin_exception, catches_all
from stepgraph.ir.facts import TryWithoutSteps
from stepgraph.ir.nodes import Handler, StepRun, TryOperation
from stepgraph.limits import Budget, Limit
from stepgraph.phrases import quoted_name

if TYPE_CHECKING:
    from stepgraph.checks.subject import WorkflowSubject
    from stepgraph.syntax.module import SourcePlace

_PRESERVED_TYPES: Final = (ValueError, TypeError)
# Raised by Python around an await, as for a step that is not declared on all paths, or by failures of the SDK itself.
_RUNTIME_ERRORS: Final = (
    *(RecursionError, MemoryError, AttributeError, NameError, StopIteration, StopAsyncIteration, Warning),
    BaseExceptionGroup,
)
_REASON: Final = "only ValueError, TypeError and NonRetryableError keep their type"
_ADVICE: Final = (
    "Catch `JsException` from `pyodide.ffi`, raise a ValueError in the step, or return the outcome from the step."
)


def _check(subject: WorkflowSubject) -> Iterator[Diagnostic]:
    """Report the types that no `try` at a location can catch. Several calls of a function have one `try` each."""
    lost_in_calls: defaultdict[SourcePlace, list[Diagnostic | None]] = defaultdict(list)
    budget = Budget()
    without_steps = {fact.place for fact in subject.facts_of_type(TryWithoutSteps)}
    for try_node in find_tries(subject):
        if try_node.place not in without_steps and runs_steps(try_node):
            for caught, diagnostic in _diagnostics_of_types(try_node, budget):
                lost_in_calls[caught.place].append(diagnostic)
    for diagnostics in lost_in_calls.values():
        lost = [diagnostic for diagnostic in diagnostics if diagnostic is not None]
        if len(lost) == len(diagnostics):
            yield lost[-1]


def _diagnostics_of_types(try_node: TryOperation, budget: Budget) -> Iterator[tuple[ExceptionType, Diagnostic | None]]:
    """Yield each type that a handler catches or tests for, with a diagnostic if step errors never have that type.

    If other code in the `try` may raise the type, there is a diagnostic only if a step raises it, too.
    """
    catches_javascript_errors = any(map(catches_javascript, try_node.handlers))
    may_catch_others = try_node.non_step_errors is NonStepErrors.ANY or catches_javascript_errors
    raising_steps: Mapping[str, str] | None = None
    for handler in try_node.handlers:
        if not catches_all(handler):
            for caught in handler.types:
                is_lost = not may_catch_others and _is_lost(caught, try_node)
                if is_lost:
                    yield caught, _diagnostic(try_node, handler, caught)
                elif catches_javascript_errors or not _is_replaced(caught):
                    yield caught, None
                else:
                    if raising_steps is None:
                        raising_steps = _raising_steps(try_node, budget)
                    step = raising_steps.get(caught.place.text)
                    yield caught, None if step is None else _diagnostic_of_step(caught, step, _verb(handler))
        elif not try_node.except_star and not any(map(is_javascript, handler.tested_types)):
            for tested in handler.tested_types:
                is_lost = not may_catch_others and _is_error(tested) and _is_lost(tested, try_node)
                yield tested, _diagnostic_of_test(tested) if is_lost else None


def _is_lost(caught: ExceptionType, try_node: TryOperation) -> bool:
    """Return whether no exception of the caught type can reach the handler from steps or other code."""
    exception = builtin_exception(caught.name)
    may_be_own = exception is not None and issubclass(exception, LANGUAGE_ERRORS)
    return _is_replaced(caught) and (try_node.non_step_errors is NonStepErrors.NONE or not may_be_own)


def _is_replaced(caught: ExceptionType) -> bool:
    """Return whether the SDK replaces each exception of the caught type that a step raises."""
    if caught.ancestors != (caught.name,):
        builtin_ancestors = [builtin_exception(ancestor) for ancestor in caught.ancestors]
        return not any(ancestor is not None and not _is_plain_error(ancestor) for ancestor in builtin_ancestors)
    if not caught.name.startswith("builtins."):
        return _is_foreign_error(caught.name)
    exception = builtin_exception(caught.name)
    if exception is None or not _is_plain_error(exception) or issubclass(exception, _RUNTIME_ERRORS):
        return False
    return not any(issubclass(preserved, exception) for preserved in _PRESERVED_TYPES)


def _is_error(tested: ExceptionType) -> bool:
    """Return whether a tested type is an exception class, and not a protocol or an abstract base class."""
    if any(builtin_exception(ancestor) is not None for ancestor in tested.ancestors):
        return True
    return tested.name.endswith(("Error", "Exception", "Timeout"))


def _is_plain_error(exception: type[BaseException]) -> bool:
    """Return whether a type is an ordinary error, and not an exception group, a cancellation or an exit."""
    return issubclass(exception, Exception) and not issubclass(exception, BaseExceptionGroup)


def _is_foreign_error(name: str) -> bool:
    """Return whether an external class, judged by its name, cannot be raised in a `try` with steps."""
    if name.startswith("asyncio."):
        return name.endswith(".TimeoutError")
    if name.startswith("workers"):
        return False
    return name.rsplit(".", 1)[-1] not in ("ExceptionGroup", "BaseExceptionGroup", "CancelledError", "Exception")


def _diagnostic_of_test(tested: ExceptionType) -> Diagnostic:
    text = tested.place.text
    if tested.raised_in is None:
        message = f"an error from a step arrives as `JsException`, and never as `{text}`: {_REASON}."
    else:
        source = f"`{text}` from the step {quoted_name(tested.raised_in)}"
        message = f"{source} arrives as `JsException`, which is not a `{text}`: {_REASON}."
    return Diagnostic(tested.place.span, message, _ADVICE)


def _diagnostic(try_node: TryOperation, handler: Handler, caught: ExceptionType) -> Diagnostic:
    if caught.raised_in is None:
        text, verb = caught.place.text, _verb(handler)
        source = handler_text(try_node, handler, text)
        message = f"`{source}` never {verb}es an error from a step, which arrives as `JsException`: {_REASON}."
        return Diagnostic(caught.place.span, message, _ADVICE)
    is_useless = len(handler.types) == 1 and handler.place is not None
    return _diagnostic_of_step(caught, caught.raised_in, None if is_useless else _verb(handler))


def _raising_steps(try_node: TryOperation, budget: Budget) -> Mapping[str, str]:
    """Return the name of the first step in a `try` that raises each exception type, by the source of the type."""
    # Imported here because a check that finds no workflow parses no module, and does not need LibCST.
    from stepgraph.syntax.places import raised_types

    steps: dict[str, str] = {}
    for work in propagating_work(try_node.body, budget):
        if isinstance(work.activity, StepRun):
            definition = work.activity.definition
            budget.spend(Limit.PAIRS)
            for raised in raised_types(definition.function):
                steps.setdefault(raised, definition.name)
    return steps


def _diagnostic_of_step(caught: ExceptionType, step: str, verb: str | None) -> Diagnostic:
    """Return a diagnostic for a step that raises a type. The handler never runs, or does not `verb` the exception."""
    consequence = "so this handler never runs" if verb is None else f"so this does not {verb} it"
    source = f"`{caught.place.text}` from the step {quoted_name(step)}"
    return Diagnostic(caught.place.span, f"{source} arrives as `JsException`, {consequence}: {_REASON}.", _ADVICE)


def _verb(handler: Handler) -> str:
    return "suppress" if handler.place is None else "catch"


RULE = Rule(
    code="SG210",
    name="exception-type-lost",
    module=__name__,
    severity=Severity.WARNING,
    check=_check,
    flags_unused_code=True,
)
