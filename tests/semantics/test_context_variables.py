"""Context variables that hold functions."""

from __future__ import annotations

import pytest

from tests.semantics.notation import graph_of, text


def test_a_context_variable_has_one_of_the_values_set() -> None:
    assert graph_of("""
        from contextvars import ContextVar
        handler = ContextVar("handler")

        async def go():
            await handler.get()()

        handler.set(a)
        await go()
        token = handler.set(b)
        handler.reset(token)
        await go()
    """) == text("""
        call go
        call go #2
        def go
          a
        def go #2
          switch handler.get()
          | case a
            a
          | case b
            b
    """)


def test_a_reset_context_variable_may_have_its_default() -> None:
    assert graph_of("""
        from contextvars import ContextVar
        handler = ContextVar("handler", default=a)

        token = handler.set(b)
        handler.reset(token)
        await handler.get()()
    """) == text("""
        switch handler.get()
        | case b
          b
        | case handler.get()
          a
    """)


@pytest.mark.parametrize("awaited", ["gather(choose(), b())", "create_task(choose())"])
def test_a_task_sets_context_variables_only_for_itself(awaited: str) -> None:
    graph = graph_of(f"""
        from contextvars import ContextVar
        handler = ContextVar("handler", default=a)

        async def choose():
            handler.set(c)

        await asyncio.{awaited}
        await handler.get()()
    """)
    assert graph.endswith(
        text("""
        switch handler.get()
        | case c
          c
        | case handler.get()
          a
    """)
    )


def test_a_context_variable_set_again_has_no_default() -> None:
    assert graph_of("""
        from contextvars import ContextVar
        handler = ContextVar("handler", default=a)

        token = handler.set(b)
        handler.reset(token)
        handler.set(b)
        await handler.get()()
    """) == text("b")
