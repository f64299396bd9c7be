"""Code that may run steps but that the analysis could not resolve."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from stepgraph.checks.analysis.span_index import SpanIndex
from stepgraph.checks.diagnostic import Diagnostic, Severity, diagnostics_of
from stepgraph.checks.rule import Rule
from stepgraph.ir.name_facts import MethodMissing
from stepgraph.model.note import ProblemKind

if TYPE_CHECKING:
    from stepgraph.checks.subject import ProjectSubject, WorkflowSubject


_CONSEQUENCE = "Its steps are not checked."
_ADVICE = (
    "To check them, define the class in the project, exactly once and under that name. Declare a package of this"
    " repository in `[tool.uv.sources]` in `pyproject.toml`."
)


def _check(subject: WorkflowSubject) -> Iterator[Diagnostic]:
    """Report code that may run unknown steps. Skip awaits of unknown step methods, which fail: SG117 reports them."""
    missing = SpanIndex(fact.place.span for fact in subject.facts_of_type(MethodMissing))
    for note in subject.notes:
        if note.incomplete and not (note.code == "unresolved-await" and missing.is_enclosed_in(note.span)):
            yield Diagnostic(note.span, note.message, note.advice)


def _check_project(subject: ProjectSubject) -> Iterator[Diagnostic]:
    yield from diagnostics_of(subject.problems, ProblemKind.UNRESOLVED_CLASS, _CONSEQUENCE, _ADVICE)
    yield from diagnostics_of(subject.problems, ProblemKind.LIMIT, _CONSEQUENCE)
    yield from diagnostics_of(subject.hints, ProblemKind.UNRESOLVED_CLASS, _CONSEQUENCE)


RULE = Rule(
    code="SG004",
    name="incomplete",
    module=__name__,
    severity=Severity.NOTE,
    check=_check,
    check_project=_check_project,
)
