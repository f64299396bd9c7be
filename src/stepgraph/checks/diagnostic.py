"""Diagnostics: the results of rules, with severity and confidence. Findings: diagnostics as shown to users."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from enum import StrEnum
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from stepgraph.model.note import Problem, ProblemKind
from stepgraph.model.span import Span

if TYPE_CHECKING:
    from stepgraph.syntax.edits import Edit
else:
    # Edits refer to syntax nodes, so the import would load LibCST. `help()` and signatures need only the name.
    Edit = object


class Severity(StrEnum):
    """The effect of a finding on a deployment."""

    ERROR = "error"
    """The code fails at run time."""
    WARNING = "warning"
    """The code behaves unexpectedly."""
    NOTE = "note"
    """A remark on correct code."""


class Confidence(StrEnum):
    """The certainty that flagged code is wrong."""

    HIGH = "high"
    """The fault follows from the code."""
    MEDIUM = "medium"
    """The fault depends on the author's intention."""


class Applicability(StrEnum):
    """The certainty that a fix is correct."""

    SAFE = "safe"
    """Only one correction is possible. `--fix` applies the fix."""
    UNSAFE = "unsafe"
    """The fix follows the probable intention of the author. `--fix` applies it only with `--unsafe-fixes`."""


class Fix(Struct, frozen=True):
    """A change of the source that removes a finding."""

    applicability: Applicability
    edits: tuple[Edit, ...] = ()
    """The changes. A fix from the cache has none."""


class Diagnostic(Struct, frozen=True):
    """A problem that a rule reports at a location."""

    span: Span
    message: str
    """The problem and its consequence."""
    advice: str
    """The code to write instead."""
    fix: Fix | None = None
    """The change that follows the advice, or None if no change is obvious."""
    severity: Severity | None = None
    """The severity, or None for the severity of the rule."""
    consequences: tuple[tuple[str, Span], ...] = ()
    """The codes and spans of findings that are dropped because they follow from this one."""


class Finding(Struct, frozen=True):
    """A problem that a rule reports at a location in a source file or a configuration."""

    code: str
    """The code of the rule: `SG101`."""
    severity: Severity
    """The severity of the rule, or the severity from the settings."""
    message: str
    """The problem and its consequence."""
    advice: str
    """The change to make."""
    span: Span
    """The location of the problem."""
    workflow: str = ""
    """The name of the workflow. Empty for findings about a project."""
    fix: Fix | None = None
    """The change that `--fix` makes, or None if no change is obvious."""
    other_workflows: tuple[str, ...] = ()
    """The names of the other workflows with the same finding, in code that they share."""

    def __str__(self) -> str:
        return f"{self.span}: {self.severity}: {self.message} {self.advice}".rstrip() + f" [{self.code}]"


def safe_fix(*edits: Edit) -> Fix | None:
    """Return a fix that is the only correction, or None without edits."""
    return Fix(Applicability.SAFE, edits) if edits else None


def unsafe_fix(*edits: Edit) -> Fix | None:
    """Return a fix that follows the probable intention of the author, or None without edits."""
    return Fix(Applicability.UNSAFE, edits) if edits else None


def without_edits(finding: Finding) -> Finding:
    """Return a finding whose fix has no edits, so that it keeps no module in memory."""
    return finding if finding.fix is None else replace(finding, fix=Fix(finding.fix.applicability))


def diagnostics_of(
    problems: Iterable[Problem], kind: ProblemKind, consequence: str = "", advice: str | None = None
) -> Iterator[Diagnostic]:
    """Yield diagnostics for problems of a kind. `advice` replaces the advice of each problem."""
    for problem in problems:
        if problem.kind is kind:
            message = f"{problem.message} {consequence}".rstrip()
            yield Diagnostic(span_of(problem), message, problem.advice if advice is None else advice)


def hint_diagnostics(hints: Iterable[Problem]) -> Iterator[Diagnostic]:
    """Yield diagnostics for valid configuration that may have an unexpected effect."""
    for hint in hints:
        if hint.kind is ProblemKind.CONFIGURATION:
            yield Diagnostic(span_of(hint), hint.message, hint.advice, severity=Severity.NOTE)


def span_of(problem: Problem) -> Span:
    """Return the empty span of a problem. A problem without a position is at the start of the file."""
    return empty_span(problem.path, (problem.line or 1, problem.column or 1))


def empty_span(path: str, position: tuple[int, int]) -> Span:
    """Return the empty span at a line and column, both from 1."""
    return Span(path, *position, *position)


def first_diagnostics(diagnostics: Iterable[Diagnostic]) -> Iterator[Diagnostic]:
    """Yield the first diagnostic at each location. Code that is interpreted repeatedly can repeat a diagnostic."""
    reported_spans: set[Span] = set()
    for diagnostic in diagnostics:
        if diagnostic.span not in reported_spans:
            reported_spans.add(diagnostic.span)
            yield diagnostic
