"""Handlers for step errors that also catch the SDK's TypeError for a misdeclared step."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from stepgraph.checks.analysis.tries import find_tries, handler_text, may_reraise, propagating_work
from stepgraph.checks.diagnostic import Diagnostic, Severity
from stepgraph.checks.rule import Rule
from stepgraph.ir.exceptions import catches_all
from stepgraph.ir.facts import StepCalled
from stepgraph.ir.nodes import Handler, StepDefinition, StepRun, TryOperation
from stepgraph.ir.walk import transitive_dependencies
from stepgraph.limits import Budget, Limit
from stepgraph.model.span import Span
from stepgraph.phrases import quoted_name
from stepgraph.syntax.module import SourcePlace

if TYPE_CHECKING:
    from stepgraph.checks.subject import WorkflowSubject


def _check(subject: WorkflowSubject) -> Iterator[Diagnostic]:
    """Skip handlers that may raise, and handlers that catch all errors unless the SDK certainly rejects a step."""
    rejections = _Rejections(subject)
    for try_node in find_tries(subject):
        handler = next((handler for handler in try_node.handlers if _catches_type_error(handler)), None)
        if handler is None or may_reraise(handler.block):
            continue
        propagating = propagating_work(try_node.body, rejections.budget)
        steps = [(work.activity, work.place) for work in propagating if isinstance(work.activity, StepRun)]
        names = (rejections.rejected_step(step, place) for step, place in steps)
        rejected = next((name for name in names if name is not None), None)
        if rejected is not None:
            yield _hidden_error(handler, try_node, rejected)
        elif steps and not catches_all(handler):
            yield _possible_error(handler, try_node)


def _catches_type_error(handler: Handler) -> bool:
    return catches_all(handler) or any(caught.name == "builtins.TypeError" for caught in handler.types)


class _Rejections:
    """The step runs that the SDK rejects with a TypeError."""

    def __init__(self, subject: WorkflowSubject) -> None:
        calls = subject.facts_of_type(StepCalled)
        self._called_with_arguments = {id(call.place.node) for call in calls if call.arguments.items}
        self._noted = {
            note.span for code in ("unknown-parameter", "depends-count") for note in subject.notes_with_code(code)
        }
        self.budget = Budget()

    def rejected_step(self, run: StepRun, place: SourcePlace) -> str | None:
        """Return the name of the first rejected step among a step and its dependencies, or None if all are valid."""
        if id(place.node) in self._called_with_arguments:
            return run.definition.name
        if not self._noted:
            return None
        for definition in (run.definition, *transitive_dependencies(run)):
            self.budget.spend(Limit.PAIRS)
            if self._noted & _spans(definition):
                return definition.name
        return None


def _spans(definition: StepDefinition) -> set[Span]:
    return {definition.place.span, *(parameter.place.span for parameter in definition.parameters)}


def _hidden_error(handler: Handler, try_node: TryOperation, step: str) -> Diagnostic:
    source = handler_text(try_node, handler, handler.condition)
    return Diagnostic(
        _span(handler, try_node),
        f"`{source}` hides the SDK's TypeError: the step {quoted_name(step)} never runs.",
        "Correct the declaration or the call of the step, and re-raise unexpected exceptions in this handler.",
    )


def _possible_error(handler: Handler, try_node: TryOperation) -> Diagnostic:
    source = handler_text(try_node, handler, handler.condition)
    return Diagnostic(
        _span(handler, try_node),
        f"`{source}` would also catch the TypeError that the SDK raises for a misdeclared step.",
        "For errors that this handler should catch, raise a ValueError in the step.",
        severity=Severity.NOTE,
    )


def _span(handler: Handler, try_node: TryOperation) -> Span:
    place = next((caught.place for caught in handler.types if caught.name == "builtins.TypeError"), handler.place)
    return (place or try_node.place).span


RULE = Rule(
    code="SG211",
    name="declaration-error-hidden",
    module=__name__,
    severity=Severity.WARNING,
    check=_check,
)
