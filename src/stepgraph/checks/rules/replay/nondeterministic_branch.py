"""Branches and loops around steps that depend on a nondeterministic value."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from stepgraph.checks.analysis.control_dependence import deciding_tests
from stepgraph.checks.diagnostic import Diagnostic, Severity
from stepgraph.checks.rule import Rule
from stepgraph.ir.facts import NondeterministicCondition

if TYPE_CHECKING:
    from stepgraph.checks.subject import WorkflowSubject


def _check(subject: WorkflowSubject) -> Iterator[Diagnostic]:
    for test in deciding_tests(subject.program, subject.facts_of_type(NondeterministicCondition)):
        yield Diagnostic(
            test.test.span,
            f"which steps run depends here on `{test.produced_at.text}`: when `run` runs again, after a sleep or"
            " restart, it may go another way than the first time.",
            "Decide in a step and go by its result, which is kept; or decide by the payload.",
        )


RULE = Rule(
    code="SG302",
    name="nondeterministic-branch",
    module=__name__,
    severity=Severity.WARNING,
    check=_check,
)
