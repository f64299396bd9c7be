"""Loops over generator expressions, whose code runs pass by pass."""

from __future__ import annotations

from tests.semantics.notation import graph_of, text


def test_a_generator_expression_runs_in_the_loop_of_a_helper() -> None:
    assert graph_of("""
        async def use(results):
            async for result in results:
                await b()
        await use(await a() for row in rows)
    """) == text("""
        call use
        def use
          loop
            a
            b
    """)


def test_else_of_a_loop_over_a_generator_expression() -> None:
    assert graph_of("""
        async for result in (await a() for row in rows):
            await b()
        else:
            await c()
    """) == text("""
        loop
          a
          b
        c
    """)
