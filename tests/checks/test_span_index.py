from __future__ import annotations

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


def test_a_span_around_another_is_found() -> None:
    assert SpanIndex([_OUTER]).encloses_span(_INNER)
    assert not SpanIndex([_INNER]).encloses_span(_OUTER)


def test_a_span_within_another_is_found() -> None:
    assert SpanIndex([_INNER]).is_enclosed_in(_OUTER)
    assert not SpanIndex([_OUTER]).is_enclosed_in(_INNER)


def test_nothing_is_found_in_another_file() -> None:
    assert not SpanIndex([Span("b.py", 1, 1, 99, 1)]).encloses_span(_INNER)


@given(st.lists(_spans(), max_size=6), _spans())
def test_the_index_finds_what_a_search_finds(spans: list[Span], span: Span) -> None:
    index = SpanIndex(spans)
    assert index.encloses_span(span) == any(other.encloses(span) for other in spans)
    assert index.is_enclosed_in(span) == any(span.encloses(other) for other in spans)
