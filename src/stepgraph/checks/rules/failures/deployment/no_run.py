"""Workflow classes without a method `run`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from stepgraph.checks.diagnostic import Diagnostic, Severity, diagnostics_of
from stepgraph.checks.rule import Rule
from stepgraph.model.note import ProblemKind

if TYPE_CHECKING:
    from stepgraph.checks.subject import ProjectSubject
_ADVICE: Final = "Add `async def run(self, event, step)`, or name the class that defines it."


def _check(subject: ProjectSubject) -> Iterator[Diagnostic]:
    """Report configured classes, and other classes with the code of a workflow."""
    yield from diagnostics_of(subject.problems, ProblemKind.NO_RUN, "Each instance fails when it starts.", _ADVICE)
    yield from diagnostics_of(subject.hints, ProblemKind.NO_RUN)


RULE = Rule(
    code="SG122",
    name="no-run",
    module=__name__,
    severity=Severity.ERROR,
    check_project=_check,
)
