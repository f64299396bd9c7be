"""Names, attributes and collections that other code creates after a task has started."""

from __future__ import annotations

from tests.semantics.notation import graph_of, text


def test_a_task_calls_a_function_defined_after_its_start() -> None:
    assert graph_of("""
        async def work():
            await d()
            await finish()

        task = asyncio.create_task(work())

        async def finish():
            await a()

        await task
        await finish()
    """) == text("""
        call work
        call finish
        def work
          d
          call finish
        def finish
          a
    """)


def test_a_task_lists_attributes_added_after_its_start() -> None:
    assert graph_of("""
        class Box:
            pass

        async def work():
            await d()
            for action in vars(box).values():
                await action()

        box = Box()
        task = asyncio.create_task(work())
        await b()
        box.action = a
        await task
        await a()
    """) == text("""
        parallel all
          call work [1>3]
          b [1>2]
        a
        def work
          d
          loop
            a
    """)


def test_a_task_reads_appends_to_a_list_created_after_its_start() -> None:
    assert graph_of("""
        async def work():
            await d()
            for action in list(actions):
                await action()

        task = asyncio.create_task(work())
        actions = [a]
        await b()
        actions.append(c)
        await task
        await c()
    """) == text("""
        parallel all
          call work [1>3]
          b [1>2]
        c
        def work
          d
          loop
            switch action
            | case a
              a
            | case c
              c
    """)
