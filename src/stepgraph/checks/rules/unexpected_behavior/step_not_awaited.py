"""Unawaited calls to steps, event waits and coroutine functions."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from stepgraph.checks.analysis.awaitable_results import always_returns_awaitable
from stepgraph.checks.diagnostic import Applicability, Diagnostic, Severity, safe_fix
from stepgraph.checks.rule import Rule
from stepgraph.ir.facts import NeverAwaited
from stepgraph.phrases import advice_to_make_async, quoted_name
from stepgraph.syntax.edits.source_edits import AddedAwait

if TYPE_CHECKING:
    from stepgraph.checks.subject import WorkflowSubject

# The effect of a missing `await`, by the kind of work.
_EFFECTS: Final = {
    "step": "so the step {name} never runs",
    "wait": "so the workflow does not wait for {name}",
    "function": "so `{function}` and its steps never run",
    "coroutine": "so `{function}` never runs",
}


def _check(subject: WorkflowSubject) -> Iterator[Diagnostic]:
    for call in subject.facts_of_type(NeverAwaited):
        if call.work not in _EFFECTS:
            continue
        can_await = call.is_expression_statement and always_returns_awaitable(subject, call.place)
        effect = _EFFECTS[call.work].format(name=quoted_name(call.name), function=call.name)
        yield Diagnostic(
            call.place.span,
            f"`{call.place.text}` is never awaited, {effect}.",
            "Write `await` before the call." if can_await else _advice(call),
            safe_fix(AddedAwait(call.place)) if can_await else None,
        )


def _advice(call: NeverAwaited) -> str:
    function = call.place.synchronous_function
    if function is not None:
        return advice_to_make_async(function)
    if call.is_expression_statement:
        return "Await its result where it is a coroutine: the call may return another value."
    return "Await it: without `await`, this is a coroutine that never starts, not the result."


RULE = Rule(
    code="SG201",
    name="step-not-awaited",
    module=__name__,
    severity=Severity.WARNING,
    fixes=(Applicability.SAFE,),
    check=_check,
)
