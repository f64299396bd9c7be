"""State of modules and classes that a workflow first reads in a loop, a function or a recursion, and then changes."""

from __future__ import annotations

import pytest

from tests.semantics.notation import FUNCTIONS, text
from tests.semantics.projects import graph_of

pytestmark = pytest.mark.usefixtures("empty_directory")

STATE = """
import functools

STEPS = [a]

class Registry:
    steps = [a]

@functools.cache
def cached():
    return [a]

def steps():
    return STEPS

async def run_all(step):
    for each in Registry.steps:
        await each(step)

async def descend(step, depth):
    steps().append(b)
    await steps()[-2](step)
    if depth:
        await descend(step, depth - 1)
"""

ANY_OF_BOTH = text("""
    loop
      loop
        switch each
        | case a
          call a
        | case b
          call b
    def a
      sleep 'a' 1
    def b
      sleep 'b' 1
""")


@pytest.mark.parametrize("collection", ["steps()", "Registry.steps", "cached()"])
def test_passes_of_a_loop_share_a_collection(collection: str) -> None:
    body = f"""
for row in event["payload"]:
    {collection}.append(b)
    for each in {collection}:
        await each(step)
"""
    assert graph_of(FUNCTIONS + STATE, body) == ANY_OF_BOTH


def test_calls_of_a_function_see_what_was_added_between_them() -> None:
    body = "await run_all(step)\nRegistry.steps.append(b)\nawait run_all(step)"
    assert graph_of(FUNCTIONS + STATE, body) == text("""
        call run_all
        call run_all #2
        def run_all
          call a
        def a
          sleep 'a' 1
        def run_all #2
          call a
          call b
        def b
          sleep 'b' 1
    """)


def test_recursive_calls_share_a_collection() -> None:
    assert graph_of(FUNCTIONS + STATE, 'await descend(step, event["payload"]["depth"])') == text("""
        call descend
        def descend
          switch steps()[-2]
          | case a
            call a
          | case b
            call b
          if depth
            call descend
        def a
          sleep 'a' 1
        def b
          sleep 'b' 1
    """)
