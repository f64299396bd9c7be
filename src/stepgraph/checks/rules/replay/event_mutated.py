"""In-place changes to the event of `run`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from stepgraph.checks.analysis.call_sites import CallSite, call_in_step, call_site, line_phrase
from stepgraph.checks.diagnostic import Diagnostic, RelatedLocation, Severity
from stepgraph.checks.rule import Rule
from stepgraph.ir.replay_facts import EventMutated
from stepgraph.syntax.module import SourcePlace

if TYPE_CHECKING:
    from stepgraph.checks.subject import WorkflowSubject


def _check(subject: WorkflowSubject) -> Iterator[Diagnostic]:
    """Report a change in a shared function at its call, because the function may be correct for other arguments."""
    changes_at: dict[CallSite, dict[SourcePlace, EventMutated]] = {}
    for change in subject.facts_of_type(EventMutated):
        if change.in_step:
            site = call_in_step(change.place, change.calls)
        else:
            site = call_site(subject, change.place, change.calls)
        changes_at.setdefault(site, {}).setdefault(change.place, change)
    for site, changes in changes_at.items():
        yield _in_callee(site, list(changes.values())) if site.is_call else _direct(changes[site.place])


def _direct(change: EventMutated) -> Diagnostic:
    source = change.mutated_source
    return Diagnostic(
        change.place.span,
        f"this changes `{source}`, a part of the event: {_effect(change)}",
        f"Change a copy, `copy.deepcopy({source})`, or return the new value from a step.",
    )


def _in_callee(site: CallSite, changes: Sequence[EventMutated]) -> Diagnostic:
    """Return a diagnostic at the call of a function. The changes in the function are related locations."""
    first, span = changes[0], site.place.span
    where = line_phrase(first.place.span, span.path)
    return Diagnostic(
        span,
        f"`{site.callee_text}` changes `{first.mutated_source}` ({where}), a part of the event: {_effect(first)}",
        "Pass a copy made with `copy.deepcopy`, or return the new value from a step.",
        related=tuple(
            RelatedLocation(change.place.span, f"`{change.mutated_source}` is changed here") for change in changes
        ),
    )


def _effect(change: EventMutated) -> str:
    if change.in_step:
        return "at replay, the body of a finished step does not run again, so the change is lost."
    return "the change is not stored, and at replay `run` gets the original event."


RULE = Rule(
    code="SG306",
    name="event-mutated",
    module=__name__,
    severity=Severity.WARNING,
    check=_check,
)
