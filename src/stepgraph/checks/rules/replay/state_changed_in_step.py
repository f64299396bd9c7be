"""Changes inside steps to variables and attributes that are used outside of the steps."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from stepgraph.checks.analysis.call_sites import CallSite, call_in_step, line_phrase
from stepgraph.checks.diagnostic import Diagnostic, RelatedLocation, Severity
from stepgraph.checks.rule import Rule
from stepgraph.ir.replay_facts import OuterStateMutated

if TYPE_CHECKING:
    from stepgraph.checks.subject import WorkflowSubject


def _check(subject: WorkflowSubject) -> Iterator[Diagnostic]:
    """Report a change in a shared function at its call in a step, because other calls may be outside of steps."""
    first: dict[CallSite, OuterStateMutated] = {}
    for change in subject.facts_of_type(OuterStateMutated):
        site = call_in_step(change.place, change.calls)
        earliest = first.setdefault(site, change)
        if change.read_place.span < earliest.read_place.span:
            first[site] = change
    for site, change in first.items():
        yield _diagnostic(site, change)


def _diagnostic(site: CallSite, change: OuterStateMutated) -> Diagnostic:
    span, source = site.place.span, change.mutated_source
    changes = f"this step changes `{source}`"
    related: tuple[RelatedLocation, ...] = ()
    if site.is_call:
        changes += f" ({line_phrase(change.place.span, span.path)}) in `{site.callee_text}`"
        related = (RelatedLocation(change.place.span, f"`{source}` is changed here"),)
    used_at = line_phrase(change.read_place.span, span.path)
    lost = "is lost if the Worker has restarted" if change.is_global else "is lost"
    return Diagnostic(
        span,
        f"{changes}, which is used outside of it ({used_at}): at replay, the body of a finished step does not run"
        f" again, so the change {lost}.",
        f"Return the value from the step, and update `{source}` with the result after the `await`.",
        related=related,
    )


RULE = Rule(
    code="SG305",
    name="state-changed-in-step",
    module=__name__,
    severity=Severity.WARNING,
    check=_check,
)
