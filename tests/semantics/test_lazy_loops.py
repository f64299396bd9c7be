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


def test_break_after_an_element_of_a_generator_expression() -> None:
    assert graph_of("""
        async for result in (await fn() for fn in (a, b)):
            if result:
                break
            await c()
    """) == text("""
        loop
          loop
            switch fn
            | case a
              a
            | case b
              b
          if result
            break
          c
    """)


def test_the_rest_of_a_generator_expression_runs_in_any_order() -> None:
    assert graph_of("""
        results = (await fn() for fn in (a, b))
        async for result in results:
            break
        last = [result async for result in results]
    """) == text("""
        loop
          loop
            switch fn
            | case a
              a
            | case b
              b
          break
        loop
          loop
            switch fn
            | case a
              a
            | case b
              b
    """)
