"""Problems of reading as rules report them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from stepgraph.checks.match import Match
from stepgraph.checks.severity import Severity
from stepgraph.model.note import Problem, ProblemKind
from stepgraph.model.span import Span


def matches_of(
    problems: Iterable[Problem], kind: ProblemKind, consequence: str = "", advice: str | None = None
) -> Iterator[Match]:
    """Yield the problems of a kind as matches, with what comes of each, and an advice other than their own."""
    for problem in problems:
        if problem.kind is kind:
            message = f"{problem.message} {consequence}".rstrip()
            yield Match(span_of(problem), message, problem.advice if advice is None else advice)


def hinted(hints: Iterable[Problem]) -> Iterator[Match]:
    """Yield what may surprise of a configuration, and is no problem, as matches."""
    for hint in hints:
        if hint.kind is ProblemKind.CONFIGURATION:
            yield Match(span_of(hint), hint.message, hint.advice, severity=Severity.INFORMATION)


def span_of(problem: Problem) -> Span:
    """Return where a problem is: a place without an extent; where the whole file is meant, its start."""
    return point(problem.path, (problem.line or 1, problem.column or 1))


def point(path: str, position: tuple[int, int]) -> Span:
    """Return a place in a file without an extent, from its line and column."""
    return Span(path, *position, *position)
