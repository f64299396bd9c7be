"""Loops, comprehensions, `break` and `continue`."""

from __future__ import annotations

import pytest

from tests.semantics.notation import graph_of, notation, text, workflow_of


def test_steps_of_the_iterable_come_before_the_loop() -> None:
    assert graph_of("""
        for row in await a():
            await b()
    """) == text("""
        a
        loop
          b
    """)


def test_steps_of_a_while_condition_start_the_loop() -> None:
    assert graph_of("""
        while not (await a()):
            await b()
        await c()
    """) == text("""
        loop
          a
          if not (not (await a()))
            break
          b
        c
    """)


def test_code_after_an_infinite_loop_is_unreachable() -> None:
    assert graph_of("""
        while True:
            await a()
        await b()
    """) == text("""
        loop
          a
    """)


def test_code_after_an_infinite_loop_with_break_is_reachable() -> None:
    assert graph_of("""
        while True:
            await a()
            if done:
                break
        await b()
    """) == text("""
        loop
          a
          if done
            break
        b
    """)


def test_the_else_of_a_loop_without_break_simply_follows() -> None:
    assert graph_of("""
        for row in rows:
            await a()
        else:
            await b()
    """) == text("""
        loop
          a
        b
    """)


def test_the_else_of_a_loop_with_a_break_is_a_branch() -> None:
    assert graph_of("""
        for row in rows:
            if row:
                break
        else:
            await b()
        await c()
    """) == text("""
        loop
          if row
            break
        if no break
          b
        c
    """)


def test_a_loop_of_nothing_but_a_break_steers_no_step() -> None:
    assert (
        graph_of("""
        for row in rows:
            if row:
                break
        await a()
    """)
        == "a"
    )


def test_a_loop_with_only_a_return_decides_later_steps() -> None:
    assert graph_of("""
        for row in rows:
            if bad(row):
                return
        await a()
    """) == text("""
        loop
          if bad(row)
            return
        a
    """)


def test_a_break_that_avoids_a_return_is_shown() -> None:
    assert graph_of("""
        for row in rows:
            for cell in row:
                if cell:
                    break
            if row.last:
                break
            if bad(row):
                raise ValueError(row)
        await a()
    """) == text("""
        loop
          if row.last
            break
          if bad(row)
            return
        a
    """)


def test_a_continue_moves_the_rest_into_the_else() -> None:
    assert graph_of("""
        for row in rows:
            if row.skip:
                await a()
                continue
            await b()
    """) == text("""
        loop
          if row.skip
            a
          else
            b
    """)


def test_a_continue_with_nothing_after_it_changes_nothing() -> None:
    assert graph_of("""
        for row in rows:
            await a()
            if row.skip:
                await b()
                continue
    """) == text("""
        loop
          a
          if row.skip
            b
    """)


@pytest.mark.slow
def test_a_rest_without_nodes_makes_no_else() -> None:
    assert graph_of("""
        for row in event:
            await a()
            if row.done:
                await b()
                continue
            if row.skip:
                continue
    """) == text("""
        loop
          a
          if row.done
            b
    """)


def test_a_loop_whose_exits_skip_nothing_is_left_out() -> None:
    assert (
        graph_of("""
        await a()
        for row in event:
            if row.bad:
                raise ValueError(row)
        else:
            return
    """)
        == "a"
    )


def test_a_continue_in_a_branch_makes_the_rest_conditional() -> None:
    assert graph_of("""
        for row in rows:
            if row.skip:
                continue
            elif row.odd:
                await a()
            await b()
    """) == text("""
        loop
          if row.skip
          if row.odd
            a
          if no continue
            b
    """)


def test_a_continue_in_a_block_makes_the_rest_conditional() -> None:
    assert graph_of("""
        for row in rows:
            try:
                async with lock:
                    if row.skip:
                        continue
                    await a()
                await b()
            finally:
                await c()
            await d()
    """) == text("""
        loop
          try
            if row.skip
            else
              a
            if no continue
              b
          finally
            c
          if no continue
            d
    """)


def test_a_continue_does_not_affect_the_outer_loop() -> None:
    assert graph_of("""
        for row in rows:
            for cell in row:
                if cell:
                    continue
                await a()
            await b()
    """) == text("""
        loop
          loop
            if cell
            else
              a
          b
    """)


def test_a_comprehension_is_a_loop() -> None:
    assert graph_of("""
        first = [await a() for row in rows if row]
        second = {row: await b() for row in rows if await c()}
    """) == text("""
        loop
          a
        loop
          c
          if await c()
            b
    """)


@pytest.mark.parametrize("iterable", ["r or {}", "(r or {}).items()", "(r or {}).values()", "(r if r else {}).keys()"])
def test_an_empty_default_needs_no_loop_of_its_own(iterable: str) -> None:
    assert graph_of(f"r = event['payload'].get('r')\nfound = [await a() for each in {iterable}]") == "loop\n  a"


@pytest.mark.parametrize("element", ["stages[-1]", "stages[0]"])
def test_an_unknown_element_at_a_constant_position_is_a_switch(element: str) -> None:
    assert graph_of(f"""
        stages = []
        if x: stages.append(a)
        for row in rows: stages.append(b)
        await {element}()
    """) == text(f"""
        switch {element}
        | case a
          a
        | case b
          b
    """)


def test_nested_comprehensions_are_nested_loops() -> None:
    assert graph_of("values = [await a() for row in await b() for cell in row]") == text("""
        b
        loop
          loop
            a
    """)


def test_a_callable_that_changes_in_a_loop_is_a_choice() -> None:
    assert graph_of("""
        fn = a
        for row in rows:
            await fn()
            fn = b
    """) == text("""
        loop
          switch fn
          | case a
            a
          | case b
            b
    """)


def test_joined_paths_in_nested_loops_stay_bounded() -> None:
    """Paths that join in nested loops must not be counted separately, which took exponential time."""
    assert graph_of("""
        for i in rows:
            for j in rows:
                tasks = [asyncio.create_task(a())]
                for k in rows:
                    if x:
                        t = asyncio.create_task(b())
                    elif y:
                        if await a():
                            continue
                    elif z:
                        u = asyncio.gather(asyncio.gather(c()))
                    else:
                        await d()
                        continue
                    tasks.append(asyncio.create_task((a if v else b)()))
    """) == text("""
        loop
          loop
            parallel all
              a [1>]
              loop
                if x
                  b [1>]
                if y
                  a [1>2]
                if z
                  c [1>]
                else
                  d [1>2]
                if no continue
                  if v
                    a [2>]
                  else
                    b [2>]
    """)


def test_a_break_in_a_loop_else_exits_the_outer_loop() -> None:
    assert graph_of("""
        for fn in [a, b]:
            await fn()
            for row in rows:
                if row:
                    break
            else:
                break
    """) == text("""
        loop
          switch fn
          | case a
            a
          | case b
            b
          loop
            if row
              break
          if no break
            break
    """)


@pytest.mark.parametrize("statement", ["break", "continue"])
def test_a_break_outside_of_a_loop_ends_the_body(statement: str) -> None:
    assert graph_of(f"await a()\n{statement}\nawait b()").splitlines()[0] == "a"


def test_steps_of_a_generator_surround_the_loop_body() -> None:
    workflow = workflow_of("""
        async def rows():
            await a()
            yield 1

        async for row in rows():
            await b()
    """)
    assert notation(workflow.graph) == "a\nb"
    assert not workflow.notes


def test_an_assignment_expression_binds_in_the_function() -> None:
    assert graph_of("[await (fn := a)() for row in rows]\nawait fn()") == text("""
        loop
          a
        a
    """)


GENERATORS = """
def both():
    yield a
    yield b

def more():
    yield from both()
    yield from [c]
"""

ANY_OF_BOTH = "loop\n  switch one\n  | case a\n    a\n  | case b\n    b"


@pytest.mark.parametrize(
    ("statements", "expected"),
    [
        ("for one in both():\n    await one()", ANY_OF_BOTH),
        ("for one in tuple(both()):\n    await one()", ANY_OF_BOTH),
        ("for one in more():\n    await one()", f"{ANY_OF_BOTH}\n  | case c\n    c"),
        ("one, other = both()\nawait one()", "switch one\n| case a\n  a\n| case b\n  b"),
    ],
)
def test_a_generator_may_return_any_yielded_value(statements: str, expected: str) -> None:
    assert graph_of(f"{GENERATORS}{statements}") == expected


def test_yielded_values_without_steps_are_nothing() -> None:
    body = "def rows():\n    yield fetch(1)\nfor row in rows():\n    await row.send()\nawait a()"
    assert graph_of(body) == "a"


def test_map_calls_its_function_with_each_element() -> None:
    body = "fs = []\nfor x in xs:\n    fs.append(a)\nawait asyncio.gather(*map(lambda f: f(), fs))"
    assert graph_of(body) == text("""
        parallel all
          loop
            a [1>2]
    """)


def test_a_list_filled_by_members_of_a_task_group() -> None:
    assert graph_of("""
        failed = []

        async def guarded(name):
            try:
                await a()
            except Exception:
                failed.append(name)
                await b()

        async with asyncio.TaskGroup() as group:
            for name in ("x", "y", "z"):
                group.create_task(guarded(name))
        if failed:
            await c()
    """) == text("""
        parallel all
          loop
            call guarded [1>2]
        if failed
          c
        def guarded
          try
            a
          catch
            b
    """)


def test_a_loop_over_one_of_two_lists_names_the_steps() -> None:
    assert graph_of("""
        jobs = [a for row in rows] if x else [b for row in rows]
        for fn in jobs:
            await fn()
    """) == text("""
        loop
          switch fn
          | case a
            a
          | case b
            b
    """)
