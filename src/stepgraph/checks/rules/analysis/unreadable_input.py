"""Files that are missing, unreadable, too large, outside of the repository, or not valid text."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from stepgraph.checks.diagnostic import Diagnostic, Severity, diagnostics_of
from stepgraph.checks.rule import Rule
from stepgraph.model.note import ProblemKind

if TYPE_CHECKING:
    from stepgraph.checks.subject import ProjectSubject


def _check(subject: ProjectSubject) -> Iterator[Diagnostic]:
    return diagnostics_of(subject.problems, ProblemKind.UNREADABLE)


RULE = Rule(
    code="SG001",
    name="unreadable-input",
    module=__name__,
    severity=Severity.ERROR,
    check_project=_check,
)
