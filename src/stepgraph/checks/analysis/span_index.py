"""A sorted index of spans for containment queries."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from itertools import accumulate
from typing import TypeAlias

from stepgraph.model.span import Span

_Position: TypeAlias = tuple[int, int]
"""A line and a column, from 1."""


class SpanIndex:
    """An index that determines in logarithmic time whether one of its spans encloses, or is inside, another span."""

    def __init__(self, spans: Iterable[Span]) -> None:
        by_path: dict[str, list[tuple[_Position, _Position]]] = {}
        for span in spans:
            extent = (span.line, span.column), (span.end_line, span.end_column)
            by_path.setdefault(span.path, []).append(extent)
        self._starts: dict[str, list[_Position]] = {}
        """The sorted starts, by path."""
        self._last_ends: dict[str, list[_Position]] = {}
        """The last end of the spans up to each index, by path."""
        self._first_ends: dict[str, list[_Position]] = {}
        """The first end of the spans from each index on, by path."""
        for path, extents in by_path.items():
            extents.sort()
            ends = [end for _, end in extents]
            self._starts[path] = [start for start, _ in extents]
            self._last_ends[path] = list(accumulate(ends, max))
            self._first_ends[path] = list(accumulate(reversed(ends), min))[::-1]

    def encloses_span(self, span: Span) -> bool:
        """Return whether some span of the index encloses a span."""
        count = bisect_right(self._starts.get(span.path, ()), (span.line, span.column))
        return count > 0 and self._last_ends[span.path][count - 1] >= (span.end_line, span.end_column)

    def is_enclosed_in(self, span: Span) -> bool:
        """Return whether a span encloses some span of the index."""
        starts = self._starts.get(span.path, ())
        index = bisect_left(starts, (span.line, span.column))
        return index < len(starts) and self._first_ends[span.path][index] <= (span.end_line, span.end_column)
