"""Diagnostics, which rules yield, and findings: diagnostics with the code and severity that users see."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from msgspec import Struct
from msgspec.structs import replace

from stepgraph.model.note import Problem, ProblemKind
from stepgraph.model.span import Span

if TYPE_CHECKING:
    from stepgraph.syntax.edits.source_edits import Edit
else:
    # Edits refer to syntax nodes, so the import would load LibCST. `help()` and signatures need only the name.
    Edit = object

_MAX_FOLDED: Final = 5
"""The maximum number of locations that a finding lists for the findings folded into it."""


class Severity(StrEnum):
    """The importance of a finding. The settings can override it.

    An error can also mark an invalid input or a deployment that fails, and a warning a comment without effect.
    """

    ERROR = "error"
    """The code fails at run time."""
    WARNING = "warning"
    """The code behaves differently than it appears to."""
    NOTE = "note"
    """Information about code that may be correct."""


class Confidence(StrEnum):
    """The certainty that flagged code is wrong."""

    HIGH = "high"
    """The finding follows from values known from the source, and its effect was observed on the SDK or the engine."""
    MEDIUM = "medium"
    """The effect depends on timing or on values of the run, or the code may be intended."""


class Applicability(StrEnum):
    """The certainty that a fix is correct."""

    SAFE = "safe"
    """Only one correction is possible. `--fix` applies the fix."""
    UNSAFE = "unsafe"
    """The fix follows the probable intention of the author. `--fix` applies it only with `--unsafe-fixes`."""


class Fix(Struct, frozen=True):
    """A change to the source that resolves a finding."""

    applicability: Applicability
    """The certainty that the fix is correct."""
    edits: tuple[Edit, ...] = ()
    """The changes. A fix from the cache has none."""

    def __repr__(self) -> str:
        return f"<Fix {self.applicability}>"


MAX_RELATED: Final = 3
"""The maximum number of related locations of a finding."""


class RelatedLocation(Struct, frozen=True):
    """A location that contributes to a problem at another location, such as code in a called function."""

    span: Span
    """The location of the code."""
    message: str
    """A clause about the code at the location, without a period."""

    def __str__(self) -> str:
        return f"{self.span}: {self.message}"

    def __repr__(self) -> str:
        # Imported here for a fast start.
        from stepgraph.escaping.plain_text import brief_line

        return f"<RelatedLocation at {brief_line(str(self.span))}: {brief_line(self.message)}>"


class Diagnostic(Struct, frozen=True):
    """A problem that a rule reports at a location."""

    span: Span
    message: str
    """The problem and its consequence."""
    advice: str
    """The change to make, or an empty string without advice."""
    fix: Fix | None = None
    """An automatic change that follows the advice, if any."""
    severity: Severity | None = None
    """The severity, or None for the severity of the rule."""
    consequences: tuple[tuple[str, Span], ...] = ()
    """The codes and spans of findings that this finding explains, so that they are dropped."""
    related: tuple[RelatedLocation, ...] = ()
    """Other locations that contribute to the problem. A finding has the first `MAX_RELATED` of them."""


class Finding(Struct, frozen=True):
    """A problem that a rule reports at a location in a source file or a configuration."""

    code: str
    """The code of the rule, such as `SG101`."""
    severity: Severity
    """The severity from the rule, unless the settings override it."""
    message: str
    """The problem and its consequence."""
    advice: str
    """The change to make, or an empty string without advice."""
    span: Span
    """The location of the problem."""
    workflow: str = ""
    """The name of the workflow, or an empty string for a finding that belongs to no workflow."""
    fix: Fix | None = None
    """An automatic change that `--fix` can make, if any."""
    other_workflows: tuple[str, ...] = ()
    """The names of the other workflows with the same finding, in code that they share."""
    related: tuple[RelatedLocation, ...] = ()
    """Other locations that contribute to the problem, such as code in a called function. There are at most three."""

    def __str__(self) -> str:
        return f"{self.span}: {self.severity}: {self.message} {self.advice}".rstrip() + f" [{self.code}]"

    def __repr__(self) -> str:
        # Imported here for a fast start.
        from stepgraph.escaping.plain_text import brief_line

        return f"<Finding {self.code} {self.severity} at {brief_line(str(self.span))}: {brief_line(self.message)}>"


def source_order(finding: Finding) -> tuple[str, int, int, str]:
    """Return the sort key of a finding: its path, line, column and rule."""
    return finding.span.path, finding.span.line, finding.span.column, finding.code


def safe_fix(*edits: Edit) -> Fix | None:
    """Return a fix that is the only correction.

    Return None without edits, if an edit would delete a comment, and for a module that cannot be edited.
    """
    return _fix(Applicability.SAFE, edits)


def unsafe_fix(*edits: Edit) -> Fix | None:
    """Return a fix that follows the probable intention of the author, or None as in `safe_fix`."""
    return _fix(Applicability.UNSAFE, edits)


def _fix(applicability: Applicability, edits: tuple[Edit, ...]) -> Fix | None:
    if not edits:
        return None
    # Imported here because most findings have no edits.
    from stepgraph.syntax.edits.editing import is_editable
    from stepgraph.syntax.edits.source_edits import deletes_comment

    if any(map(deletes_comment, edits)) or not all(is_editable(edit.place.module) for edit in edits):
        return None
    return Fix(applicability, edits)


def without_edits(finding: Finding) -> Finding:
    """Return a finding without the edits of its fix, because edits keep modules in memory."""
    return finding if finding.fix is None else replace(finding, fix=Fix(finding.fix.applicability))


def diagnostics_of(
    problems: Iterable[Problem], kind: ProblemKind, consequence: str = "", advice: str | None = None
) -> Iterator[Diagnostic]:
    """Yield diagnostics for problems of a kind.

    `consequence` is appended to the message of each problem, and `advice` replaces its advice.
    """
    for problem in problems:
        if problem.kind is kind:
            message = f"{problem.message} {consequence}".rstrip()
            yield Diagnostic(span_of(problem), message, problem.advice if advice is None else advice)


def hint_diagnostics(hints: Iterable[Problem]) -> Iterator[Diagnostic]:
    """Yield a note for each hint about a configuration."""
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


def fold_findings(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Return the first finding of each cause, with the locations of the others, in the same order.

    Findings of one rule in one workflow have the same cause if they have the same related locations. Findings with a
    fix stay separate, because each fix changes its own location.
    """
    by_cause: dict[object, list[Finding]] = {}
    for number, finding in enumerate(findings):
        cause: object = number
        if finding.related and finding.fix is None:
            cause = (finding.code, finding.severity, finding.workflow, finding.other_workflows, finding.related)
        by_cause.setdefault(cause, []).append(finding)
    return tuple(_fold(first, repeated) for first, *repeated in by_cause.values())


def _fold(first: Finding, repeated: list[Finding]) -> Finding:
    if not repeated:
        return first
    listed = [RelatedLocation(finding.span, "the same problem") for finding in repeated[:_MAX_FOLDED]]
    hidden = len(repeated) - len(listed)
    if hidden:
        last = listed.pop()
        listed.append(replace(last, message=f"the same problem, and at {hidden} more locations"))
    return replace(first, related=(*first.related, *listed))
