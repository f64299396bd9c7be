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
    assert SpanIndex([_OUTER]).has_around(_INNER)
    assert not SpanIndex([_INNER]).has_around(_OUTER)


def test_a_span_within_another_is_found() -> None:
    assert SpanIndex([_INNER]).has_within(_OUTER)
    assert not SpanIndex([_OUTER]).has_within(_INNER)


def test_nothing_is_found_in_another_file() -> None:
    assert not SpanIndex([Span("b.py", 1, 1, 99, 1)]).has_around(_INNER)


@given(st.lists(_spans(), max_size=6), _spans())
def test_the_index_finds_what_a_search_finds(spans: list[Span], span: Span) -> None:
    index = SpanIndex(spans)
    assert index.has_around(span) == any(other.encloses(span) for other in spans)
    assert index.has_within(span) == any(span.encloses(other) for other in spans)
