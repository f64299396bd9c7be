"""Calls to bindings and servers outside of steps."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from stepgraph.checks.analysis.call_sites import CallSite, call_site, line_phrase
from stepgraph.checks.diagnostic import Confidence, Diagnostic, RelatedLocation, Severity
from stepgraph.checks.rule import Rule
from stepgraph.ir.replay_facts import ExternalCallOutsideStep

if TYPE_CHECKING:
    from stepgraph.checks.subject import WorkflowSubject

_EFFECT = "at replay, after a sleep or restart, its effect is repeated, and its result may differ."


def _check(subject: WorkflowSubject) -> Iterator[Diagnostic]:
    """Report a call in a shared function at the call of this function, which may be correct inside of steps."""
    accesses_at: dict[CallSite, dict[ExternalCallOutsideStep, None]] = {}
    for access in subject.facts_of_type(ExternalCallOutsideStep):
        site = call_site(subject, access.place, access.calls)
        accesses_at.setdefault(site, {}).setdefault(access)
    for site, accesses in accesses_at.items():
        yield _in_callee(site, list(accesses)) if site.is_call else _direct(next(iter(accesses)))


def _direct(access: ExternalCallOutsideStep) -> Diagnostic:
    return Diagnostic(
        access.place.span,
        f"`{_name(access)}` is called outside of a step: {_EFFECT}",
        "Move the call into a step, and return the needed data from the step.",
    )


def _in_callee(site: CallSite, accesses: Sequence[ExternalCallOutsideStep]) -> Diagnostic:
    """Return a diagnostic at the call of a function. The accesses in the function are related locations."""
    first, span = accesses[0], site.place.span
    names = {access.place: _name(access) for access in accesses}
    return Diagnostic(
        span,
        f"`{_name(first)}` ({line_phrase(first.place.span, span.path)}) is called outside of a step, by"
        f" `{site.callee_text}`: {_EFFECT}",
        f"Call `{site.callee_text}` in a step, and return the needed data from the step.",
        related=tuple(RelatedLocation(place.span, f"`{name}` is called here") for place, name in names.items()),
    )


def _name(access: ExternalCallOutsideStep) -> str:
    return access.name.removeprefix("env.")


RULE = Rule(
    code="SG303",
    name="side-effect-outside-step",
    module=__name__,
    severity=Severity.WARNING,
    confidence=Confidence.MEDIUM,
    check=_check,
)
