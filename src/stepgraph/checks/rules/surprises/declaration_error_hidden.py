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
    from stepgraph.checks.example import Example
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
        severity=Severity.INFORMATION,
    )


def _source(handler: Handler) -> str:
    return "except" if handler.condition is None else f"except {handler.condition}"


def _span(handler: Handler, tried: Try) -> Span:
    caught = next((caught.place for caught in handler.types if caught.name == "builtins.TypeError"), handler.place)
    return (caught or tried.place).span


def _flagged() -> tuple[Example, ...]:
    from stepgraph.checks.example import in_run

    return (
        in_run(
            "a parameter that no step bears the name of",
            """
            @step.do("charge")
            async def charge(amount):
                return amount

            try:
                await charge()
            except TypeError:  # SG211
                print("not charged")
            """,
        ),
        in_run(
            "a step that is called with an argument",
            """
            @step.do("notify")
            async def notify(user):
                return user

            for user in event["payload"]["users"]:
                try:
                    await notify(user)
                except (TypeError, ValueError):  # SG211
                    continue
            """,
        ),
        in_run(
            "a default that captures a loop variable, and a handler for all errors",
            """
            for page in range(3):
                @step.do(f"fetch {page}")
                async def fetch(page=page):
                    return page

                try:
                    await fetch()
                except Exception as error:  # SG211
                    print(error)
            """,
        ),
    )


def _clean() -> tuple[Example, ...]:
    from stepgraph.checks.example import in_run

    return (
        in_run(
            "an error of the step itself",
            """
            @step.do("charge")
            async def charge():
                raise TypeError("not a number")

            try:
                await charge()
            except TypeError:
                print("not charged")
            """,
        ),
        in_run(
            "a handler for all errors of a step that is declared well",
            """
            @step.do("charge")
            async def charge():
                return True

            try:
                await charge()
            except Exception as error:
                print(error)
            """,
        ),
        in_run(
            "a TypeError of other code",
            """
            @step.do("charge")
            async def charge():
                return 10

            charged = await charge()
            try:
                total = charged + event["payload"]["amount"]
            except TypeError:
                total = charged
            """,
        ),
    )


RULE = Rule(
    code="SG211",
    name="declaration-error-hidden",
    severity=Severity.WARNING,
    summary="A handler catches the TypeError with which the SDK refuses a step that is declared or called wrongly.",
    why="A wrong parameter, `depends` or argument fails with a TypeError where the step is called. A handler for"
    " TypeError takes it for an error of the step: the step never runs, in any instance, and nothing fails.",
    fix="Correct the step. To handle an error of the step, raise a ValueError there: the SDK itself raises none.",
    source="SDK: `_build_dependency_list`; a TypeError of the body keeps its type, and looks the same.",
    flagged=_flagged,
    clean=_clean,
    check=_check,
)
