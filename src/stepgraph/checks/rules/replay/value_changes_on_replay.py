"""Values that replay creates again, so that they may not match the results of finished steps."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from stepgraph.checks.analysis.control_dependence import deciding_tests
from stepgraph.checks.analysis.steps import nondeterministic_lengths, nondeterministic_names
from stepgraph.checks.diagnostic import Confidence, Diagnostic, Severity
from stepgraph.checks.rule import Rule
from stepgraph.ir.facts import NondeterministicCondition, NondeterministicUseAfterStep
from stepgraph.syntax.module import Place

if TYPE_CHECKING:
    from stepgraph.checks.subject import WorkflowSubject


def _check(subject: WorkflowSubject) -> Iterator[Diagnostic]:
    """Skip values that decide names, durations or branches: other rules report these, with the same fix."""
    reported_elsewhere = {name.source for name in nondeterministic_names(subject)}
    reported_elsewhere |= {
        length.source.place for length in nondeterministic_lengths(subject) if not length.source.has_fixed_end
    }
    reported_elsewhere |= {
        test.produced_at for test in deciding_tests(subject.program, subject.facts_of_type(NondeterministicCondition))
    }
    first: dict[Place, Place] = {}
    for use in subject.facts_of_type(NondeterministicUseAfterStep):
        earliest = first.get(use.produced_at)
        if earliest is None or use.place.span < earliest.span:
            first[use.produced_at] = use.place
    for produced_at, place in first.items():
        if produced_at not in reported_elsewhere:
            yield _diagnostic(produced_at, place)


def _diagnostic(produced_at: Place, used_at: Place) -> Diagnostic:
    where = f"on line {used_at.span.line}"
    if used_at.span.path != produced_at.span.path:
        where += f" of {used_at.span.path}"
    return Diagnostic(
        produced_at.span,
        f"`{produced_at.text}` returns another value at replay, so its use {where}, after a step or sleep, may not"
        " match the value in earlier steps.",
        f"Create it in its own step{_string_conversion(produced_at)} and use the stored result of that step.",
    )


def _string_conversion(produced_at: Place) -> str:
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
