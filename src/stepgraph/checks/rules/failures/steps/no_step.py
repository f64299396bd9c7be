"""Workflows without a step that can run."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from stepgraph.checks.diagnostic import Diagnostic, Severity
from stepgraph.checks.rule import Rule
from stepgraph.ir.facts import StepDeclared

if TYPE_CHECKING:
    from stepgraph.checks.subject import WorkflowSubject


def _check(subject: WorkflowSubject) -> Iterator[Diagnostic]:
    if subject.graph is not None or any(note.incomplete for note in subject.notes):
        return
    if subject.configured is None and subject.program.may_be_base:
        return
    if any(subject.facts_of_type(StepDeclared)):
        return  # another rule reports steps that never run, and unresolved code may run steps
    yield Diagnostic(
        subject.program.name_place.span,
        f"`{subject.program.class_name}` has no step that can run: its work is neither saved nor retried, and it has no"
        " graph.",
        "Do the work in functions decorated with `@step.do(...)`, and await a call of each.",
    )


RULE = Rule(
    code="SG123",
    name="no-step",
    module=__name__,
    severity=Severity.ERROR,
    check=_check,
    is_consequence=True,
)
