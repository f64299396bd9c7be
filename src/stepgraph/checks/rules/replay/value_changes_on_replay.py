"""Values that replay creates again, so that they may not match the results of finished steps."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from stepgraph.checks.analysis.call_sites import CallSite, call_site, line_phrase
from stepgraph.checks.analysis.control_dependence import deciding_tests
from stepgraph.checks.analysis.steps import nondeterministic_lengths, nondeterministic_names
from stepgraph.checks.diagnostic import Confidence, Diagnostic, RelatedLocation, Severity
from stepgraph.checks.rule import Rule
from stepgraph.ir.replay_facts import NondeterministicCondition, NondeterministicUseAfterStep
from stepgraph.syntax.module import SourcePlace

if TYPE_CHECKING:
    from stepgraph.checks.subject import WorkflowSubject


def _check(subject: WorkflowSubject) -> Iterator[Diagnostic]:
    """Skip values that decide names, durations or branches: other rules report these, with the same fix."""
    uses = list(subject.facts_of_type(NondeterministicUseAfterStep))
    if not uses:
        return
    tests = deciding_tests(subject.program, subject.facts_of_type(NondeterministicCondition))
    lengths = [length.source for length in nondeterministic_lengths(subject) if not length.source.has_fixed_end]
    reported_elsewhere = {(name.source, name.calls) for name in nondeterministic_names(subject)}
    reported_elsewhere |= {(length.place, length.calls) for length in lengths}
    reported_elsewhere |= {(test.produced_at, test.calls) for test in tests}
    first: dict[CallSite, NondeterministicUseAfterStep] = {}
    for use in uses:
        if (use.produced_at, use.calls) in reported_elsewhere:
            continue
        site = call_site(subject, use.produced_at, use.calls)
        earliest = first.setdefault(site, use)
        if use.place.span < earliest.place.span:
            first[site] = use
    for site, use in first.items():
        yield _in_callee(site, use) if site.is_call else _direct(use)


def _direct(use: NondeterministicUseAfterStep) -> Diagnostic:
    produced_at = use.produced_at
    return Diagnostic(
        produced_at.span,
        f"`{produced_at.text}` returns another value at replay, {_consequence(use, produced_at.span.path)}",
        f"Create it in its own step{_string_conversion(produced_at)} and use the stored result of that step.",
    )


def _in_callee(site: CallSite, use: NondeterministicUseAfterStep) -> Diagnostic:
    """Return a diagnostic at the call of a function that creates the value."""
    span, produced_at = site.place.span, use.produced_at
    source = f"`{produced_at.text}` ({line_phrase(produced_at.span, span.path)})"
    return Diagnostic(
        span,
        f"`{site.place.brief_text}` gets another value from {source} at replay, {_consequence(use, span.path)}",
        "Create the value in its own step and use the stored result of that step.",
        related=(RelatedLocation(produced_at.span, f"`{produced_at.text}` is called here"),),
    )


def _consequence(use: NondeterministicUseAfterStep, path: str) -> str:
    return (
        f"so its use on {line_phrase(use.place.span, path)}, after a step or sleep, may not match the value in earlier"
        " steps."
    )


def _string_conversion(produced_at: SourcePlace) -> str:
    """Return advice to convert a UUID to a string, because steps cannot return UUIDs."""
    return f", as `str({produced_at.text})`," if produced_at.text.startswith("uuid.uuid") else ""


RULE = Rule(
    code="SG304",
    name="value-changes-on-replay",
    module=__name__,
    severity=Severity.WARNING,
    confidence=Confidence.MEDIUM,
    check=_check,
)
