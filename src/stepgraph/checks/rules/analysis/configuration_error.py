"""Invalid configurations of wrangler, valid ones with an unexpected effect, and invalid settings of stepgraph."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from stepgraph.checks.diagnostic import Diagnostic, Severity, diagnostics_of, hint_diagnostics
from stepgraph.checks.rule import Rule
from stepgraph.model.note import ProblemKind

if TYPE_CHECKING:
    from stepgraph.checks.subject import ProjectSubject


def _check(subject: ProjectSubject) -> Iterator[Diagnostic]:
    yield from diagnostics_of(subject.problems, ProblemKind.CONFIGURATION)
    yield from hint_diagnostics(subject.hints)


RULE = Rule(
    code="SG003",
    name="configuration-error",
    module=__name__,
    severity=Severity.ERROR,
    check_project=_check,
)
