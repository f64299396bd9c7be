"""Lists and dictionaries shared by tasks and concurrent code."""

from __future__ import annotations

from tests.semantics.notation import graph_of, text


def test_a_task_runs_steps_that_are_added_to_its_list_later() -> None:
    assert graph_of("""
        fns = []

        async def later():
            for fn in fns:
                await fn()

        task = asyncio.create_task(later())
        fns.append(a)
        await b()
        await task
    """) == text("""
        parallel all
          call later [1>3]
          b [1>2]
        def later
          a
    """)


def test_a_task_runs_steps_added_to_its_argument() -> None:
    assert graph_of("""
        async def work(jobs):
            await c()
            for job in jobs:
                await job()

        jobs = []
        task = asyncio.create_task(work(jobs))
        jobs.append(a)
        await d()
        jobs.append(b)
        await task
    """) == text("""
        parallel all
          call work(a, b) [1>3]
          d [1>2]
        def work(a, b)
          c
          loop
            switch job
            | case a
              a
            | case b
              b
    """)


def test_elements_added_by_a_task_are_present_after_it() -> None:
    assert graph_of("""
        undo = []

        async def one():
            await a()
            undo.append(c)

        async def other():
            await b()
            for fn in undo:
                await fn()

        await asyncio.gather(one(), other())
        for fn in undo:
            await fn()
    """) == text("""
        parallel all
          call one [1>2]
          call other [1>2]
        c
        def one
          a
        def other
          b
          loop
            c
    """)


def test_a_possibly_replaced_entry_is_a_choice() -> None:
    assert graph_of("""
        table = {"k": a}
        if x:
            table["k"] = b
        await table["k"]()
    """) == text("""
        switch table["k"]
        | case b
          b
        | case a
          a
    """)


def test_many_tasks_add_many_elements_to_a_list() -> None:
    assert graph_of("""
        undo = []

        async def one(x):
            await a()
            undo.append(c)

        await asyncio.gather(*[one(x) for x in xs])
        for fn in undo:
            await fn()
    """) == text("""
        parallel all
          loop
            call one [1>2]
        loop
          c
        def one
          a
    """)


def test_an_entry_that_a_later_task_replaces_may_be_either() -> None:
    assert graph_of("""
        table = {"x": a}

        async def use():
            await c()
            await table["x"]()

        async def change():
            await d()
            table["x"] = b

        await asyncio.gather(use(), change())
    """) == text("""
        parallel all
          call use [1>2]
          call change [1>2]
        def use
          c
          switch table["x"]
          | case a
            a
          | case b
            b
        def change
          d
    """)


def test_an_element_that_a_later_task_appends_may_be_missing() -> None:
    assert graph_of("""
        todo = []

        async def use():
            await c()
            for one in todo:
                await one()

        async def fill():
            await d()
            todo.append(b)

        await asyncio.gather(use(), fill())
    """) == text("""
        parallel all
          call use [1>2]
          call fill [1>2]
        def use
          c
          loop
            b
        def fill
          d
    """)
