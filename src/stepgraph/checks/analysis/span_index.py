"""Spans, sorted so that one of them is found without looking at all."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from itertools import accumulate
from typing import TypeAlias

from stepgraph.model.span import Span

_Position: TypeAlias = tuple[int, int]


class SpanIndex:
    """Answers which spans are around others, in the time that it takes to find a place in a sorted list."""

    def __init__(self, spans: Iterable[Span]) -> None:
        by_path: dict[str, list[tuple[_Position, _Position]]] = {}
        for span in spans:
            extent = (span.line, span.column), (span.end_line, span.end_column)
            by_path.setdefault(span.path, []).append(extent)
        self._starts: dict[str, list[_Position]] = {}
        self._last_ends: dict[str, list[_Position]] = {}
        self._first_ends: dict[str, list[_Position]] = {}
        for path, extents in by_path.items():
            extents.sort()
            ends = [end for _, end in extents]
            self._starts[path] = [start for start, _ in extents]
            self._last_ends[path] = list(accumulate(ends, max))
            self._first_ends[path] = list(accumulate(reversed(ends), min))[::-1]

    def has_around(self, span: Span) -> bool:
        """Whether one of the spans encloses another span."""
        before = bisect_right(self._starts.get(span.path, ()), (span.line, span.column))
        return before > 0 and self._last_ends[span.path][before - 1] >= (span.end_line, span.end_column)

    def has_within(self, span: Span) -> bool:
        """Whether another span encloses one of the spans."""
        starts = self._starts.get(span.path, ())
        after = bisect_left(starts, (span.line, span.column))
        return after < len(starts) and self._first_ends[span.path][after] <= (span.end_line, span.end_column)
