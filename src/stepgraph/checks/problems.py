"""Problems of reading as rules report them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from stepgraph.checks.match import Match
from stepgraph.checks.severity import Severity
from stepgraph.model.note import Problem, ProblemKind
from stepgraph.model.span import Span


def matches_of(problems: Iterable[Problem], kind: ProblemKind, consequence: str = "") -> Iterator[Match]:
    """Yield the problems of a kind as matches, with what comes of each."""
    for problem in problems:
        if problem.kind is kind:
            yield Match(span_of(problem), f"{problem.message} {consequence}".rstrip(), problem.advice)


def hinted(hints: Iterable[Problem]) -> Iterator[Match]:
    """Yield what may surprise, and is no problem, as matches."""
    for hint in hints:
        yield Match(span_of(hint), hint.message, hint.advice, severity=Severity.INFORMATION)


def span_of(problem: Problem) -> Span:
    """Return where a problem is: a place without an extent; where the whole file is meant, its start."""
    return point(problem.path, (problem.line or 1, problem.column or 1))


def point(path: str, position: tuple[int, int]) -> Span:
    """Return a place in a file without an extent, from its line and column."""
    return Span(path, *position, *position)
