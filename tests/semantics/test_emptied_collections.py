"""Collections of tasks that a loop empties, after an await of all elements or without one."""

from __future__ import annotations

import pytest

from tests.semantics.notation import graph_of, text


@pytest.mark.parametrize("emptying", ["tasks.clear()", "tasks = []", "del tasks[:]"])
def test_batches_are_done_after_the_last_gather(emptying: str) -> None:
    assert graph_of(f"""
        tasks = []
        for x in xs:
            tasks.append(asyncio.create_task(a()))
            if len(tasks) == 5:
                await asyncio.gather(*tasks)
                {emptying}
            await b()
        await asyncio.gather(*tasks)
        await c()
    """) == text("""
        parallel all
          loop
            a [1>4]
            b [2>3]
        c
    """)


@pytest.mark.parametrize("emptying", ["tasks.clear()", "tasks = []"])
def test_a_full_batch_may_be_awaited_before_the_next_start(emptying: str) -> None:
    assert graph_of(f"""
        tasks = []
        for x in xs:
            if len(tasks) == 5:
                await asyncio.gather(*tasks)
                {emptying}
            tasks.append(asyncio.create_task(a()))
        await asyncio.gather(*tasks)
        await b()
    """) == text("""
        parallel all
          loop
            a [2>3]
        b
    """)


@pytest.mark.parametrize("emptying", ["tasks.clear()", "tasks[:] = []", "tasks = []", "del tasks[:]"])
def test_tasks_removed_without_an_await_stay_pending(emptying: str) -> None:
    assert graph_of(f"""
        tasks = []
        for x in xs:
            {emptying}
            tasks.append(asyncio.create_task(a()))
            await b()
        await asyncio.gather(*tasks)
        await c()
    """) == text("""
        parallel all
          loop
            a [1>]
            b [1>2]
          c [3>4]
    """)


def test_tasks_of_a_cleared_dictionary_stay_pending() -> None:
    assert graph_of("""
        tasks = {}
        for x in xs:
            tasks.clear()
            for y in ys:
                tasks[y] = asyncio.create_task(a())
        await asyncio.gather(*tasks.values())
        await b()
    """) == text("""
        parallel all
          loop
            loop
              a [1>]
          b [2>3]
    """)


def test_await_of_some_tasks_does_not_cover_a_collection() -> None:
    assert graph_of("""
        tasks = []
        for x in xs:
            some = []
            for y in ys:
                task = asyncio.create_task(a())
                tasks.append(task)
                some.append(task)
            if x:
                await asyncio.gather(*some)
                tasks.clear()
        await asyncio.gather(*tasks)
        await b()
    """) == text("""
        parallel all
          loop
            loop
              a [1>]
          b [3>4]
    """)


def test_an_await_with_a_timeout_leaves_removed_tasks_pending() -> None:
    assert graph_of("""
        tasks = []
        for x in xs:
            tasks.append(asyncio.create_task(a()))
            if len(tasks) == 5:
                await asyncio.wait(tasks, timeout=1)
                tasks.clear()
        await asyncio.gather(*tasks)
        await b()
    """) == text("""
        parallel all
          loop
            a [1>]
          b [2>3]
    """)


def test_a_set_of_tasks_may_be_replaced_by_a_new_set() -> None:
    assert graph_of("""
        tasks = set()
        for x in xs:
            tasks.add(asyncio.create_task(a()))
            if len(tasks) == 5:
                await asyncio.wait(tasks)
                tasks = set()
        if tasks:
            await asyncio.wait(tasks)
        await b()
    """) == text("""
        parallel all
          loop
            a [1>3]
        b
    """)


def test_a_replaced_list_with_another_reference_keeps_its_tasks() -> None:
    assert graph_of("""
        tasks = []
        for x in xs:
            tasks.append(asyncio.create_task(a()))
            if len(tasks) == 5:
                batch = tasks
                tasks = []
        await asyncio.gather(*tasks)
        await b()
    """) == text("""
        parallel all
          loop
            a [1>]
          b [2>3]
    """)


@pytest.mark.parametrize(
    ("filling", "task"),
    [
        ("tasks.append(asyncio.create_task(a()))", "a [1>]"),
        ("for y in ys:\n        tasks.append(asyncio.create_task(a()))", "loop\n              a [1>]"),
    ],
)
def test_tasks_of_a_list_that_a_branch_replaces_stay_pending(filling: str, task: str) -> None:
    assert graph_of(f"""
tasks = []
if x:
    {filling}
    tasks = []
await asyncio.gather(*tasks)
await b()
""") == text(f"""
        parallel all
          if x
            {task}
          b [2>3]
    """)


@pytest.mark.parametrize("removal", ["tasks.pop(0)", "del tasks[0]", "tasks[:1] = []", "tasks.remove(tasks[0])"])
def test_a_task_removed_before_each_start_stays_pending(removal: str) -> None:
    assert graph_of(f"""
        tasks = []
        for x in xs:
            if len(tasks) > 2:
                {removal}
            tasks.append(asyncio.create_task(a()))
        await asyncio.gather(*tasks)
        await b()
    """) == text("""
        parallel all
          loop
            a [1>]
          b [2>3]
    """)


@pytest.mark.parametrize("removal", ["tasks.pop(x.previous, None)", "del tasks[x.previous]"])
def test_a_task_removed_from_a_dictionary_stays_pending(removal: str) -> None:
    assert graph_of(f"""
        tasks = {{}}
        for x in xs:
            tasks[x.id] = asyncio.create_task(a())
            {removal}
        await asyncio.gather(*tasks.values())
        await b()
    """) == text("""
        parallel all
          loop
            a [1>]
          b [2>3]
    """)
