"""Nondeterministic conditions of branches and loops around steps."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from stepgraph.checks.analysis.call_sites import related_source
from stepgraph.checks.analysis.control_dependence import deciding_tests
from stepgraph.checks.diagnostic import Confidence, Diagnostic, Severity
from stepgraph.checks.rule import Rule
from stepgraph.ir.replay_facts import NondeterministicCondition

if TYPE_CHECKING:
    from stepgraph.checks.subject import WorkflowSubject

_LOOPS: Final = ("for ", "async for ")


def _check(subject: WorkflowSubject) -> Iterator[Diagnostic]:
    for test in deciding_tests(subject.program, subject.facts_of_type(NondeterministicCondition)):
        controlling = "loop" if test.controlled_statement.text.startswith(_LOOPS) else "condition"
        yield Diagnostic(
            test.test.span,
            f"this {controlling} around steps depends on `{test.produced_at.text}`: at replay, after a sleep or"
            " restart, `run` may take another path.",
            "Decide in a step and branch on its stored result, or branch on the payload.",
            related=related_source(test.test, test.produced_at),
        )


RULE = Rule(
    code="SG302",
    name="nondeterministic-branch",
    module=__name__,
    severity=Severity.WARNING,
    confidence=Confidence.MEDIUM,
    check=_check,
)
