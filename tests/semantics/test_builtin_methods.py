"""Methods of built-in collections and properties, and functions of heapq, that are called by name."""

from __future__ import annotations

import pytest

from tests.semantics.notation import graph_of, text

EITHER = """
loop
  switch fn
  | case a
    a
  | case b
    b
"""


@pytest.mark.parametrize("call", ["{a}.union([b])", "{a}.symmetric_difference({b})", "{a, b}.difference({a})"])
def test_a_combined_set_may_have_any_element(call: str) -> None:
    assert graph_of(f"for fn in {call}: await fn()") == text(EITHER)


@pytest.mark.parametrize("method", ["difference_update", "intersection_update"])
def test_a_set_may_lose_any_element(method: str) -> None:
    assert graph_of(f"fns = {{a, b}}\nfns.{method}({{a}})\nfor fn in fns: await fn()") == text(EITHER)


@pytest.mark.parametrize("function", ["heappushpop", "heapreplace"])
def test_a_heap_returns_an_element_for_another(function: str) -> None:
    body = f"import heapq\nheap = [(1, a)]\n_, fn = heapq.{function}(heap, (2, b))\nawait fn()"
    assert graph_of(body) == "switch fn\n| case a\n  a\n| case b\n  b"


@pytest.mark.parametrize(
    "fns", ["fns = [a, b]\nfns.__delitem__(0)", 'fns = {"x": a, "y": b}\nfns.__delitem__("x")\nfns = fns.values()']
)
def test_an_item_is_deleted_by_its_method(fns: str) -> None:
    assert graph_of(f"{fns}\nfor fn in fns: await fn()") == "b"


def test_an_iterator_is_returned_by_its_method() -> None:
    assert graph_of("for fn in [a, b].__iter__(): await fn()") == "a\nb"


def test_a_getter_replaces_that_of_a_property() -> None:
    assert (
        graph_of("""
        class Jobs:
            @property
            def job(self):
                return a

            @job.getter
            def job(self):
                return b

        await Jobs().job()
    """)
        == "b"
    )


def test_a_dictionary_has_no_method_of_sets() -> None:
    """The call raises an AttributeError, or the analysis took a different mapping for a dictionary."""
    assert graph_of("checkers = {}\nif checkers: checkers.remove('x')\nawait a()") == "a"
