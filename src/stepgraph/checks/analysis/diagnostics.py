"""Helpers for diagnostics: conversion of input problems, and deduplication by location."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from stepgraph.checks.diagnostic import Diagnostic, Severity
from stepgraph.model.note import Problem, ProblemKind
from stepgraph.model.span import Span


def diagnostics_of(
    problems: Iterable[Problem], kind: ProblemKind, consequence: str = "", advice: str | None = None
) -> Iterator[Diagnostic]:
    """Yield diagnostics for problems of a kind. `advice` replaces the advice of each problem."""
    for problem in problems:
        if problem.kind is kind:
            message = f"{problem.message} {consequence}".rstrip()
            yield Diagnostic(span_of(problem), message, problem.advice if advice is None else advice)


def hint_diagnostics(hints: Iterable[Problem]) -> Iterator[Diagnostic]:
    """Yield diagnostics for valid configuration with a surprising effect."""
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
