"""Tasks created from sleeps."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from stepgraph.checks.diagnostic import Diagnostic, Severity
from stepgraph.checks.rule import Rule
from stepgraph.ir.facts import FutureAsTask

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
        )


RULE = Rule(
    code="SG127",
    name="sleep-as-task",
    module=__name__,
    severity=Severity.ERROR,
    check=_check,
)
