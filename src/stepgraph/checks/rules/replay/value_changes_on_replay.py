"""Values that differ between steps and the code that runs after a replay."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from stepgraph.checks.analysis.control_dependence import deciding_tests
from stepgraph.checks.analysis.steps import nondeterministic_names
from stepgraph.checks.diagnostic import Confidence, Diagnostic, Severity
from stepgraph.checks.rule import Rule
from stepgraph.ir.facts import NondeterministicCondition, NondeterministicUseAfterStep
from stepgraph.syntax.module import Place

if TYPE_CHECKING:
    from stepgraph.checks.subject import WorkflowSubject


def _check(subject: WorkflowSubject) -> Iterator[Diagnostic]:
    """Skip values that decide names or branches: other rules report these, with the same fix."""
    known_for_worse = {name.source for name in nondeterministic_names(subject)}
    known_for_worse |= {
        test.produced_at for test in deciding_tests(subject.program, subject.facts_of_type(NondeterministicCondition))
    }
    first: dict[Place, Place] = {}
    for use in subject.facts_of_type(NondeterministicUseAfterStep):
        earliest = first.get(use.produced_at)
        if earliest is None or use.place.span < earliest.span:
            first[use.produced_at] = use.place
    for produced_at, place in first.items():
        if produced_at in known_for_worse:
            continue
        where = f"on line {place.span.line}"
        if place.span.path != produced_at.span.path:
            where += f" of {place.span.path}"
        yield Diagnostic(
            produced_at.span,
            f"`{produced_at.text}` gives another value whenever `run` runs again, so {where}, after a step or sleep,"
            " it may not be what earlier steps saw.",
            f"Make it in a step of its own{_as_text(produced_at)} and use that step's result, which is kept.",
        )


def _as_text(produced_at: Place) -> str:
    """Convert a UUID to a string, as steps cannot return UUIDs."""
    return f", as `str({produced_at.text})`," if produced_at.text.startswith("uuid.uuid") else ""


RULE = Rule(
    code="SG304",
    name="value-changes-on-replay",
    module=__name__,
    severity=Severity.WARNING,
    confidence=Confidence.MEDIUM,
    check=_check,
)
