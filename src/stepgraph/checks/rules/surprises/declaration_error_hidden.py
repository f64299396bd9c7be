"""Handlers of step errors that also catch the SDK's errors about declarations."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from stepgraph.checks.analysis.tries import find_tries, may_reraise, propagating_work
from stepgraph.checks.diagnostic import Diagnostic, Severity
from stepgraph.checks.rule import Rule
from stepgraph.ir.exceptions import catches_all
from stepgraph.ir.facts import StepCalled
from stepgraph.ir.nodes import Handler, StepDefinition, StepRun, Try
from stepgraph.ir.walk import transitive_dependencies
from stepgraph.limits import Budget, Limit
from stepgraph.model.span import Span
from stepgraph.syntax.module import Place

if TYPE_CHECKING:
    from stepgraph.checks.subject import WorkflowSubject


def _check(subject: WorkflowSubject) -> Iterator[Diagnostic]:
    """Skip handlers that raise again, and handlers of all errors unless the declaration is certain to fail."""
    refusals = _Refusals(subject)
    for tried in find_tries(subject.program.body):
        handler = next((handler for handler in tried.handlers if _takes_it(handler)), None)
        if handler is None or may_reraise(handler.block):
            continue
        failing = propagating_work(tried.body, refusals.budget)
        steps = [(ran.activity, ran.place) for ran in failing if isinstance(ran.activity, StepRun)]
        refused = next((name for step, place in steps if (name := refusals.of(step, place)) is not None), None)
        if refused is not None:
            yield _hidden(handler, tried, refused)
        elif steps and not catches_all(handler):
            yield _may_hide(handler, tried)


def _takes_it(handler: Handler) -> bool:
    return catches_all(handler) or any(caught.name == "builtins.TypeError" for caught in handler.types)


class _Refusals:
    """The runs of steps that the SDK rejects."""

    def __init__(self, subject: WorkflowSubject) -> None:
        calls = subject.facts_of_type(StepCalled)
        self._called_with_arguments = {id(call.place.node) for call in calls if call.arguments.items}
        self._noted = {
            note.span for code in ("unknown-parameter", "depends-count") for note in subject.notes_with_code(code)
        }
        self.budget = Budget()

    def of(self, run: StepRun, place: Place) -> str | None:
        """Return the name of the rejected step: the one that runs at a location, or one of its dependencies."""
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


def _hidden(handler: Handler, tried: Try, step: str) -> Diagnostic:
    return Diagnostic(
        _span(handler, tried),
        f"`{_source(handler)}` hides that the SDK refuses the step {step!r} with a TypeError: it never runs, and"
        " nothing says so.",
        "Correct the declaration or the call of the step, and let this handler raise again what it does not expect.",
    )


def _may_hide(handler: Handler, tried: Try) -> Diagnostic:
    return Diagnostic(
        _span(handler, tried),
        f"`{_source(handler)}` would also catch what the SDK raises when a step here is declared or called wrongly.",
        "Raise a ValueError in the step for what is to be handled here.",
        severity=Severity.NOTE,
    )


def _source(handler: Handler) -> str:
    return "except" if handler.condition is None else f"except {handler.condition}"


def _span(handler: Handler, tried: Try) -> Span:
    caught = next((caught.place for caught in handler.types if caught.name == "builtins.TypeError"), handler.place)
    return (caught or tried.place).span


RULE = Rule(
    code="SG211",
    name="declaration-error-hidden",
    module=__name__,
    severity=Severity.WARNING,
    check=_check,
)
