"""Tasks created from sleeps."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from stepgraph.checks.diagnostic import Applicability, Diagnostic, Severity, unsafe_fix
from stepgraph.checks.rule import Rule
from stepgraph.ir.facts import FutureAsTask
from stepgraph.syntax.edits.source_edits import Edit, Replacement

if TYPE_CHECKING:
    from stepgraph.checks.subject import WorkflowSubject


def _check(subject: WorkflowSubject) -> Iterator[Diagnostic]:
    for future in subject.facts_of_type(FutureAsTask):
        source = future.place.text
        yield Diagnostic(
            future.place.span,
            f"`{source}` is a future, but `{future.callee_place.text}` takes a coroutine, so it fails with a"
            " TypeError.",
            f"The {future.kind} has already started: `await {source}` where it must be finished."
            if source.isidentifier()
            else f"A {future.kind} starts when it is called: write `nap = {source}`, and `await nap` where it must be"
            " finished.",
            unsafe_fix(*_edits(future)),
        )


def _edits(future: FutureAsTask) -> tuple[Edit, ...]:
    """Return the edit that replaces the call for the task with the future itself."""
    # Imported here because it loads LibCST, which a run without findings does not need.
    from stepgraph.syntax.places import call_of_callee

    call = call_of_callee(future.callee_place)
    if call is None or call.span.line != call.span.end_line:
        return ()
    return (Replacement(call, future.place.text),)


RULE = Rule(
    code="SG127",
    name="sleep-as-task",
    module=__name__,
    severity=Severity.ERROR,
    fixes=(Applicability.UNSAFE,),
    check=_check,
)
