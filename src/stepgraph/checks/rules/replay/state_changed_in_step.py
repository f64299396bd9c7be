"""Changes inside steps to variables and attributes that are used outside of the steps."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from stepgraph.checks.diagnostic import Diagnostic, Severity
from stepgraph.checks.rule import Rule
from stepgraph.ir.facts import OuterStateMutated
from stepgraph.syntax.module import Place

if TYPE_CHECKING:
    from stepgraph.checks.subject import WorkflowSubject


def _check(subject: WorkflowSubject) -> Iterator[Diagnostic]:
    first: dict[Place, OuterStateMutated] = {}
    for change in subject.facts_of_type(OuterStateMutated):
        earliest = first.get(change.place)
        if earliest is None or change.read_place.span < earliest.read_place.span:
            first[change.place] = change
    for place, change in first.items():
        used = change.read_place.span
        where = f"line {used.line}" if used.path == place.span.path else f"line {used.line} of {used.path}"
        yield Diagnostic(
            place.span,
            f"this step changes `{change.mutated_source}`, which is used outside of it ({where}): at replay, the body"
            " of a finished step does not run again, so the change is lost.",
            f"Return the value from the step, and update `{change.mutated_source}` with the result after the `await`.",
        )


RULE = Rule(
    code="SG305",
    name="state-changed-in-step",
    module=__name__,
    severity=Severity.WARNING,
    check=_check,
)
