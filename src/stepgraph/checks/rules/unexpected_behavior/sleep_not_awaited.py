"""Sleeps that are never awaited."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from stepgraph.checks.diagnostic import Applicability, Diagnostic, Severity, safe_fix
from stepgraph.checks.rule import Rule
from stepgraph.ir.facts import NeverAwaited
from stepgraph.phrases import advice_to_make_async, quoted_name
from stepgraph.syntax.edits.source_edits import AddedAwait

if TYPE_CHECKING:
    from stepgraph.checks.subject import WorkflowSubject


def _check(subject: WorkflowSubject) -> Iterator[Diagnostic]:
    """Skip sleeps inside steps, which another rule reports."""
    sleeps = [call for call in subject.facts_of_type(NeverAwaited) if call.work == "sleep"]
    if not sleeps:
        return
    nested = {id(visit.operation.place.node) for visit in subject.program.operations if visit.in_step is not None}
    yield from (_diagnostic(sleep) for sleep in sleeps if id(sleep.place.node) not in nested)


def _diagnostic(sleep: NeverAwaited) -> Diagnostic:
    function = sleep.place.synchronous_function
    advice = "Await it where the workflow should pause." if function is None else advice_to_make_async(function)
    return Diagnostic(
        sleep.place.span,
        f"the sleep {quoted_name(sleep.name)} starts but is never awaited, so the workflow does not pause.",
        "Write `await` before the call." if sleep.is_expression_statement else advice,
        safe_fix(AddedAwait(sleep.place)) if sleep.is_expression_statement else None,
    )


RULE = Rule(
    code="SG203",
    name="sleep-not-awaited",
    module=__name__,
    severity=Severity.WARNING,
    fixes=(Applicability.SAFE,),
    check=_check,
)
