"""Calls of functions of the project with too few, too many or unexpected arguments."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from stepgraph.checks.analysis.call_sites import is_handled_by_callers
from stepgraph.checks.diagnostic import Diagnostic, RelatedLocation, Severity, first_diagnostics
from stepgraph.checks.rule import Rule
from stepgraph.ir.facts import FunctionCalled, UncertainCallee, WrongArguments

if TYPE_CHECKING:
    from stepgraph.checks.subject import WorkflowSubject

_PARAMETERS_OF_RUN: Final = ("step", "event")
"""The parameters that most callers have under the same name."""


def _check(subject: WorkflowSubject) -> Iterator[Diagnostic]:
    failing = list(subject.facts_of_type(WrongArguments))
    return first_diagnostics(map(_diagnostic, _certain(subject, failing))) if failing else iter(())


def _certain(subject: WorkflowSubject, failing: list[WrongArguments]) -> Iterator[WrongArguments]:
    """Yield the calls that fail with each function that they may call, unless the callers test for the error."""
    failing_functions = {(call.place, call.definition) for call in failing}
    uncertain = {call.place for call in subject.facts_of_type(UncertainCallee)} | {
        call.place
        for call in subject.facts_of_type(FunctionCalled)
        if (call.place, call.function) not in failing_functions
    }
    certain = (call for call in failing if call.place not in uncertain)
    return (call for call in certain if not is_handled_by_callers(subject, call.place, "TypeError"))


def _diagnostic(call: WrongArguments) -> Diagnostic:
    if call.missing is not None:
        problem = f"missing argument for the parameter `{call.missing}` of `{call.function}`"
        argument = call.missing if call.missing in _PARAMETERS_OF_RUN else "..."
        advice = f"Pass it, as in `{call.missing}={argument}`."
    elif call.unexpected is not None:
        problem = f"unexpected argument `{call.unexpected}=` for `{call.function}`"
        advice = "Correct the keyword, or remove the argument."
    else:
        problem = f"too many arguments for `{call.function}`"
        advice = "Remove an argument."
        if call.may_lack_self:
            advice = f"Remove an argument, or add the parameter `self` to `{call.function}`, which gets the instance."
    message = f"{problem}: this call fails with a TypeError."
    related = (RelatedLocation(call.definition.heading, "the function is defined here"),)
    return Diagnostic(call.place.span, message, advice, related=related)


RULE = Rule(
    code="SG134",
    name="wrong-helper-arguments",
    module=__name__,
    severity=Severity.ERROR,
    check=_check,
)
