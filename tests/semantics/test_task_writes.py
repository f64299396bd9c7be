"""Values that tasks write before they raise or return, as later and concurrent code reads them."""

from __future__ import annotations

from functools import partial

import pytest

from tests.semantics.notation import graph_of, text

CHECK = """\
plan = a

async def check():
    nonlocal plan
    await c()
    if x:
        plan = b
        raise ValueError

"""
"""A function that writes a name, and raises, on one of its paths."""
graph_with_check = partial(graph_of, after=CHECK)

UPGRADE = """\
plan = a

async def upgrade():
    nonlocal plan
    await c()
    plan = b

"""
"""A function that writes a name after its step."""
graph_with_upgrade = partial(graph_of, after=UPGRADE)


def test_writes_of_a_failed_task_persist() -> None:
    assert graph_with_check("""
        task = asyncio.create_task(check())
        await d()
        try:
            await task
        except ValueError:
            pass
        await plan()
    """) == text("""
        parallel all
          call check [1>3]
          d [1>2]
        switch plan
        | case a
          a
        | case b
          b
        def check
          c
    """)


def test_a_task_that_succeeds_has_not_raised() -> None:
    assert graph_with_check("""
        task = asyncio.create_task(check())
        await d()
        await task
        await plan()
    """) == text("""
        parallel all
          call check [1>3]
          d [1>2]
        a
        def check
          c
    """)


def test_a_gather_of_settled_members_hides_errors() -> None:
    assert graph_with_check("""
        await asyncio.gather(check(), d(), return_exceptions=True)
        await plan()
    """) == text("""
        parallel all_settled
          call check [1>2]
          d [1>2]
        switch plan
        | case a
          a
        | case b
          b
        def check
          c
    """)


def test_a_step_of_a_settled_member_may_fail() -> None:
    assert graph_of("""
        plan = a

        async def check():
            nonlocal plan
            plan = b
            await c()
            plan = c

        await asyncio.gather(check(), d(), return_exceptions=True)
        await plan()
    """) == text("""
        parallel all_settled
          call check [1>2]
          d [1>2]
        switch plan
        | case a
          a
        | case b
          b
        | case c
          c
        def check
          c
    """)


def test_concurrent_code_reads_writes_of_a_raising_path() -> None:
    assert graph_with_check("""
        task = asyncio.create_task(check())
        await d()
        await plan()
        await task
    """) == text("""
        parallel all
          call check [1>4]
          d [1>2]
          switch plan
          | case a
            a [2>3]
          | case b
            b [2>3]
        def check
          c
    """)


def test_concurrent_code_reads_overwritten_values_of_a_branch() -> None:
    assert graph_of("""
        plan = a

        async def check():
            nonlocal plan
            if x:
                plan = b
                await c()
                plan = c

        task = asyncio.create_task(check())
        await d()
        await plan()
        await task
    """) == text("""
        parallel all
          call check [1>4]
          d [1>2]
          switch plan
          | case a
            a [2>3]
          | case b
            b [2>3]
          | case c
            c [2>3]
        def check
          if x
            c
    """)


def test_a_call_in_a_task_raises_after_a_write() -> None:
    assert graph_of("""
        plan = a

        async def fail():
            nonlocal plan
            if x:
                plan = b
                raise ValueError

        async def check():
            nonlocal plan
            await c()
            await fail()
            plan = c

        task = asyncio.create_task(check())
        await d()
        await plan()
        await task
    """) == text("""
        parallel all
          call check [1>4]
          d [1>2]
          switch plan
          | case a
            a [2>3]
          | case b
            b [2>3]
          | case c
            c [2>3]
        def check
          c
    """)


def test_a_task_may_write_the_value_at_its_start() -> None:
    assert graph_of("""
        plan = first = a

        async def reset():
            nonlocal plan
            await d()
            if x:
                return
            plan = first

        task = asyncio.create_task(reset())
        await d()
        plan = c
        await task
        await plan()
    """) == text("""
        parallel all
          call reset [1>3]
          d [1>2]
        switch plan
        | case c
          c
        | case a
          a
        def reset
          d
    """)


def test_a_task_without_steps_writes_when_it_runs() -> None:
    assert graph_of("""
        plan = first = a

        async def reset():
            nonlocal plan
            plan = first

        task = asyncio.create_task(reset())
        plan = c
        await task
        await plan()
    """) == text("""
        switch plan
        | case c
          c
        | case a
          a
    """)


def test_code_may_write_back_a_value_from_before_a_task() -> None:
    assert graph_with_upgrade("""
        task = asyncio.create_task(upgrade())
        before = plan
        await d()
        plan = before
        await task
        await plan()
    """) == text("""
        parallel all
          call upgrade [1>3]
          d [1>2]
        switch plan
        | case a
          a
        | case b
          b
        def upgrade
          c
    """)


def test_a_wait_for_the_first_error_does_not_finish_the_others() -> None:
    assert graph_with_upgrade("""
        async def fail():
            await d()
            raise ValueError

        task = asyncio.create_task(upgrade())
        failing = asyncio.create_task(fail())
        await asyncio.wait([task, failing], return_when=asyncio.FIRST_EXCEPTION)
        plan = a
        await plan()
    """) == text("""
        parallel all
          call upgrade [1>2]
          call fail [1>2]
        switch plan
        | case a
          a
        | case b
          b
        def upgrade
          c
        def fail
          d
    """)


def test_each_call_repeats_the_writes_of_a_raising_path() -> None:
    assert graph_of("""
        plan = a

        async def check():
            nonlocal plan
            if x:
                plan = b
                raise ValueError

        try:
            await check()
        except ValueError:
            pass
        plan = c
        try:
            await check()
        except ValueError:
            pass
        await plan()
    """) == text("""
        switch exception
        | case no exception
          c
        | case ValueError
          switch plan
          | case c
            c
          | case b
            b
    """)


def test_each_call_repeats_a_write_that_changes_nothing_at_first() -> None:
    assert graph_of("""
        plan = first = a

        def reset():
            nonlocal plan
            plan = first

        reset()
        plan = c
        reset()
        await plan()
    """) == text("""
        a
    """)


def test_a_task_of_an_earlier_iteration_writes_in_the_next() -> None:
    assert graph_of("""
        plan = first = a

        async def reset():
            nonlocal plan
            await d()
            plan = first

        tasks = []
        for x in xs:
            plan = b
            await c()
            await plan()
            plan = first
            tasks.append(asyncio.create_task(reset()))
        await asyncio.gather(*tasks)
    """) == text("""
        parallel all
          loop
            c [1>2]
            switch plan
            | case b
              b [2>3]
            | case a
              a [2>3]
            call reset [3>4]
        def reset
          d
    """)


@pytest.mark.parametrize(
    "started",
    ["[upgrade() for _ in rows]", "map(lambda _: upgrade(), rows)", "calls"],
)
def test_a_gather_of_no_coroutines_writes_nothing(started: str) -> None:
    calls = "calls = []\nfor _ in rows:\n    calls.append(upgrade())\n"
    graph = graph_with_upgrade(f"{calls}await asyncio.gather(*({started}))\nawait plan()")
    assert "switch plan\n| case a\n  a\n| case b\n  b\n" in graph


@pytest.mark.slow
def test_a_coroutine_in_a_branch_writes_only_there() -> None:
    graph = graph_with_upgrade(
        "calls = []\nif x:\n    calls.append(upgrade())\nawait asyncio.gather(*calls)\nawait plan()"
    )
    assert "  switch plan\n  | case a\n    a\n  | case b\n    b\n" in graph
