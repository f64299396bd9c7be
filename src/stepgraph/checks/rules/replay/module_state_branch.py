"""Branches and loops around steps that depend on variables of modules, which run-time code changes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from stepgraph.checks.analysis.call_sites import line_phrase
from stepgraph.checks.analysis.control_dependence import deciding_tests
from stepgraph.checks.diagnostic import Confidence, Diagnostic, RelatedLocation, Severity
from stepgraph.checks.rule import Rule
from stepgraph.ir.replay_facts import ModuleStateCondition, OuterStateMutated

if TYPE_CHECKING:
    from stepgraph.checks.subject import WorkflowSubject


def _check(subject: WorkflowSubject) -> Iterator[Diagnostic]:
    """Leave the variables that a step changes before the test to the rule on state changed in steps."""
    read_after_step = {fact.read_place.span for fact in subject.facts_of_type(OuterStateMutated)}
    for test in deciding_tests(subject.program, subject.facts_of_type(ModuleStateCondition)):
        if not any(test.test.span.encloses(span) for span in read_after_step):
            yield _diagnostic(test)


def _diagnostic(test: ModuleStateCondition) -> Diagnostic:
    span, change = test.test.span, test.changed_at.span
    changed_at = line_phrase(change, span.path)
    return Diagnostic(
        span,
        f"this condition around steps depends on `{test.name}`, a module variable that the workflow changes"
        f" ({changed_at}): instances in one Worker share it, and a restart resets it, so `run` may take another path.",
        f"Use a variable of `run`, or store `{test.name}` outside of the Worker, as in KV, and read it in a step.",
        related=(RelatedLocation(change, f"`{test.name}` is changed here"),),
    )


RULE = Rule(
    code="SG313",
    name="module-state-branch",
    module=__name__,
    severity=Severity.WARNING,
    confidence=Confidence.MEDIUM,
    check=_check,
)
