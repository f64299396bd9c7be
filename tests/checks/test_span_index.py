from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stepgraph.checks.analysis.span_index import SpanIndex
from stepgraph.model.span import Span

_OUTER = Span("a.py", 2, 5, 9, 1)
_INNER = Span("a.py", 3, 1, 4, 8)


@st.composite
def _spans(draw: st.DrawFn) -> Span:
    numbers = st.integers(1, 4)
    first, last = sorted([(draw(numbers), draw(numbers)), (draw(numbers), draw(numbers))])
    return Span(draw(st.sampled_from(["a.py", "b.py"])), *first, *last)


def test_enclosing_span() -> None:
    assert SpanIndex([_OUTER]).encloses_span(_INNER)
    assert not SpanIndex([_INNER]).encloses_span(_OUTER)


def test_enclosed_span() -> None:
    assert SpanIndex([_INNER]).is_enclosed_in(_OUTER)
    assert not SpanIndex([_OUTER]).is_enclosed_in(_INNER)


def test_spans_of_another_file() -> None:
    assert not SpanIndex([Span("b.py", 1, 1, 99, 1)]).encloses_span(_INNER)


@pytest.mark.slow
@given(st.lists(_spans(), max_size=6), _spans())
def test_index_agrees_with_linear_search(spans: list[Span], span: Span) -> None:
    index = SpanIndex(spans)
    assert index.encloses_span(span) == any(candidate.encloses(span) for candidate in spans)
    assert index.is_enclosed_in(span) == any(span.encloses(candidate) for candidate in spans)
