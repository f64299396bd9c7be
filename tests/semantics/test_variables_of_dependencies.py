"""Variables that dependencies change."""

from __future__ import annotations

import textwrap

import pytest

from tests.semantics.notation import (
    graph_of,
    text,
)


def graph_after_load(body: str) -> str:
    """Return the graph of steps that follow the declaration of a step `load`, which changes a variable."""
    return graph_of(f"""
        act = a

        @step.do("load")
        async def load():
            nonlocal act
            act = b

{textwrap.indent(textwrap.dedent(body), "        ")}
    """)


def test_a_dependency_changes_variables_before_its_consumer() -> None:
    assert graph_after_load("""
        @step.do("use")
        async def use(load):
            await act()

        await use()
    """) == text("""
        load
        use
          b
    """)


@pytest.mark.slow
def test_a_dependency_changes_variables_unless_it_has_run() -> None:
    assert graph_after_load("""
        @step.do("use")
        async def use(load):
            return 1

        if x:
            await use()
            return
        await use()
        await act()
    """) == text("""
        if x
          load
          use
          return
        load
        use
        switch act
        | case a
          a
        | case b
          b
    """)


def test_concurrent_dependencies_may_each_write_last() -> None:
    assert graph_after_load("""
        @step.do("store")
        async def store():
            nonlocal act
            act = c

        @step.do("use", concurrent=True)
        async def use(load, store):
            return 1

        await use()
        await act()
    """) == text("""
        parallel all
          load [1>2]
          store [1>2]
        use
        switch act
        | case c
          c
        | case b
          b
    """)
