"""Diagnostics of rules: from problems of reading, and one for each place."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from stepgraph.checks.diagnostic import Diagnostic
from stepgraph.checks.severity import Severity
from stepgraph.model.note import Problem, ProblemKind
from stepgraph.model.span import Span


def diagnostics_of(
    problems: Iterable[Problem], kind: ProblemKind, consequence: str = "", advice: str | None = None
) -> Iterator[Diagnostic]:
    """Yield the problems of a kind as matches, with what comes of each, and an advice other than their own."""
    for problem in problems:
        if problem.kind is kind:
            message = f"{problem.message} {consequence}".rstrip()
            yield Diagnostic(span_of(problem), message, problem.advice if advice is None else advice)


def hint_diagnostics(hints: Iterable[Problem]) -> Iterator[Diagnostic]:
    """Yield what may surprise of a configuration, and is no problem, as matches."""
    for hint in hints:
        if hint.kind is ProblemKind.CONFIGURATION:
            yield Diagnostic(span_of(hint), hint.message, hint.advice, severity=Severity.INFORMATION)


def span_of(problem: Problem) -> Span:
    """Return where a problem is: a place without an extent; where the whole file is meant, its start."""
    return point(problem.path, (problem.line or 1, problem.column or 1))


def point(path: str, position: tuple[int, int]) -> Span:
    """Return a place in a file without an extent, from its line and column."""
    return Span(path, *position, *position)


def first_diagnostics(matches: Iterable[Diagnostic]) -> Iterator[Diagnostic]:
    """Yield the first match at each place: what is read several times, as a loop is, may be told of in other words."""
    places: set[Span] = set()
    for match in matches:
        if match.span not in places:
            places.add(match.span)
            yield match
