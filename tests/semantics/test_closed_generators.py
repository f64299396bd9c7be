"""Generators that are closed before a loop over them, or by its body."""

from __future__ import annotations

import pytest

from tests.semantics.notation import codes_of, graph_of

GENERATORS = """
done = []

async def one(): await step.sleep("one", 1)
async def two(): await step.sleep("two", 1)

def acts():
    yield one
    done.append(one)
    yield two

async def pauses():
    yield one
    await step.sleep("pause", 1)
    yield two

def stop(source):
    source.close()
"""


def test_a_closed_generator_may_yield_nothing() -> None:
    graph = graph_of(GENERATORS + "g = acts()\ng.close()\nfor act in g:\n    await act()")
    assert graph.splitlines()[:3] == ["loop", "  switch act", "  | case one"]


@pytest.mark.parametrize(
    "loop",
    [
        "g = acts()\nfor act in g:\n    await act()\n    g.close()",
        "g = acts()\nfor act in g:\n    await act()\n    stop(g)",
        "g = pauses()\nasync for act in g:\n    await act()\n    await g.aclose()",
    ],
)
def test_a_generator_closed_in_a_loop_over_it_is_reported(loop: str) -> None:
    assert codes_of(GENERATORS + loop) == ["generator"]


def test_a_generator_closed_after_a_loop_over_it_is_followed() -> None:
    assert codes_of(GENERATORS + "g = acts()\nfor act in g:\n    await act()\n    break\ng.close()") == []
