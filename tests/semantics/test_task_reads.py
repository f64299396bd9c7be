"""Values that a task reads while other code writes: any value between its start and its end."""

from __future__ import annotations

from functools import partial

import pytest

from tests.semantics.notation import graph_of, notation, text, workflow_of

CALL = """\
plan = a

async def call():
    await plan()

"""
"""A function that runs the step in a name."""
graph_with_call = partial(graph_of, after=CALL)

CHOOSE = """\
plan = a

async def choose():
    await d()
    return plan

"""
"""A function that returns the value of a name after its step."""
graph_with_choose = partial(graph_of, after=CHOOSE)
workflow_with_choose = partial(workflow_of, after=CHOOSE)


def test_a_task_reads_an_entry_from_before_two_writes() -> None:
    assert graph_of("""
        table = {"k": a}

        async def call():
            await table["k"]()

        task = asyncio.create_task(call())
        await d()
        table["k"] = c
        await d()
        table["k"] = c
        await task
    """) == text("""
        parallel all
          call call [1>4]
          d [1>2]
          d [2>3]
        def call
          switch table["k"]
          | case c
            c
          | case a
            a
    """)


def test_a_task_reads_a_name_between_two_writes() -> None:
    assert graph_with_call("""
        task = asyncio.create_task(call())
        await d()
        plan = b
        await d()
        plan = c
        await task
    """) == text("""
        parallel all
          call call [1>4]
          d [1>2]
          d [2>3]
        def call
          switch plan
          | case c
            c
          | case a
            a
          | case b
            b
    """)


def test_a_task_begins_at_an_await_in_either_branch() -> None:
    assert graph_with_call("""
        task = asyncio.create_task(call())
        if x:
            plan = c
            await d()
        else:
            await d()
        await task
    """) == text("""
        parallel all
          call call [1>3]
          if x
            d [1>2]
          else
            d [1>2]
        def call
          switch plan
          | case c
            c
          | case a
            a
    """)


def test_a_task_begins_before_or_in_a_loop() -> None:
    assert graph_with_call("""
        task = asyncio.create_task(call())
        for x in xs:
            plan = c
            await d()
        await task
    """) == text("""
        parallel all
          call call [1>3]
          loop
            d [1>2]
        def call
          switch plan
          | case c
            c
          | case a
            a
    """)


def test_a_task_reads_names_written_in_branches() -> None:
    assert graph_of("""
        plan = other = a

        async def call():
            await d()
            await plan()
            await other()

        task = asyncio.create_task(call())
        await d()
        if x:
            plan = b
            await d()
        else:
            other = c
            await d()
        await task
    """) == text("""
        parallel all
          call call [1>4]
          d [1>2]
          if x
            d [2>3]
          else
            d [2>3]
        def call
          d
          switch plan
          | case a
            a
          | case b
            b
          switch other
          | case c
            c
          | case a
            a
    """)


def test_a_task_of_an_earlier_iteration_reads_later_writes() -> None:
    assert graph_of("""
        plan = first = a

        async def call():
            await c()
            await plan()

        tasks = []
        for x in xs:
            plan = b
            await d()
            plan = first
            tasks.append(asyncio.create_task(call()))
            await d()
        await asyncio.gather(*tasks)
    """) == text("""
        parallel all
          loop
            d [1>2]
            call call [2>4]
            d [2>3]
        def call
          c
          switch plan
          | case a
            a
          | case b
            b
    """)


def test_a_value_read_by_a_task_may_change_its_writes() -> None:
    assert graph_of("""
        plan = copied = a

        async def copy():
            nonlocal copied
            await d()
            copied = plan

        async def call():
            await d()
            await copied()

        copying = asyncio.create_task(copy())
        calling = asyncio.create_task(call())
        await d()
        plan = c
        await asyncio.gather(copying, calling)
    """) == text("""
        parallel all
          call copy [1>3]
          call call [1>3]
          d [1>2]
        def copy
          d
        def call
          d
          switch copied
          | case a
            a
          | case c
            c
    """)


@pytest.mark.parametrize("use", ["chosen = await task\nawait chosen()", "await task\nawait task.result()()"])
def test_the_result_of_a_task_is_a_value_it_reads(use: str) -> None:
    body = "task = asyncio.create_task(choose())\nawait d()\nplan = c\n"
    assert graph_with_choose(body + use) == text("""
        parallel all
          call choose [1>3]
          d [1>2]
        switch plan
        | case c
          c
        | case a
          a
        def choose
          d
    """)


def test_gathered_reads_of_written_names_are_unresolved() -> None:
    workflow = workflow_with_choose("""
        async def switch():
            nonlocal plan
            plan = c
            await d()

        chosen = await asyncio.gather(choose(), switch())
        await chosen[0]()
    """)
    assert not workflow.complete


def test_a_task_runs_a_function_that_awaits_while_it_is_read() -> None:
    assert graph_of("""
        async def second():
            await b()

        async def nothing():
            pass

        plan = nothing

        async def call():
            await plan()

        async def switch():
            nonlocal plan
            asyncio.create_task(call())
            if x:
                plan = second

        await asyncio.gather(switch(), second())
    """) == text("""
        parallel all
          call switch [1>2]
          call second [1>2]
        def switch
          parallel all
            call call [1>]
        def call
          switch plan
          | case nothing
          | case second
            call second
        def second
          b
    """)


def test_an_await_of_either_task_returns_a_value_it_reads() -> None:
    workflow = workflow_with_choose("""
        async def choose_b():
            await d()
            return b

        first, second = asyncio.create_task(choose()), asyncio.create_task(choose_b())
        await d()
        plan = c
        chosen = await (first if x else second)
        await first
        await second
        await chosen()
    """)
    assert notation(workflow.graph).splitlines()[4:11] == [
        "switch await (first if x else second)",
        "| case c",
        "  c",
        "| case a",
        "  a",
        "| case b",
        "  b",
    ]


def test_a_task_puts_a_value_it_reads_into_a_queue() -> None:
    workflow = workflow_of("""
        queue = asyncio.Queue()
        plan = a

        async def put():
            await d()
            await queue.put(plan)

        task = asyncio.create_task(put())
        await d()
        plan = c
        await task
        chosen = await queue.get()
        await chosen()
    """)
    assert "\n  a" in notation(workflow.graph)
    assert "\n  c" in notation(workflow.graph)


def test_tasks_that_share_a_list_return_pairs() -> None:
    workflow = workflow_of("""
        done = []

        async def work(item):
            await a()
            done.append(item)
            return item, None

        outcomes = dict(await asyncio.gather(*[work(item) for item in event["payload"]]))
        if outcomes:
            await b()
    """)
    assert workflow.complete


def test_tasks_that_return_a_shared_name_in_a_pair_are_reported() -> None:
    workflow = workflow_of("""
        plan = a

        async def work():
            nonlocal plan
            await d()
            chosen, plan = plan, c
            return 1, chosen

        (_, first), (_, second) = await asyncio.gather(work(), work())
        await second()
    """)
    assert [note.code for note in workflow.notes] == ["unresolved-call"]


def test_a_task_reads_appends_to_one_of_two_lists() -> None:
    assert graph_of("""
        steps = []
        if event["payload"]:
            steps = [a]

        async def work():
            await d()
            for step in steps:
                await step()

        task = asyncio.create_task(work())
        await b()
        steps.append(c)
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
            switch step
            | case a
              a
            | case c
              c
    """)


@pytest.mark.parametrize(
    ("table", "read"),
    [("[plans]", "table[0][0]"), ('{"k": plans}', 'table["k"][0]'), ('{"k": plans}', 'table.get("k")[0]')],
)
def test_a_task_reads_a_list_inside_of_its_argument(table: str, read: str) -> None:
    lines = graph_of(f"""
        plans = [a]

        async def call(table):
            await {read}()

        task = asyncio.create_task(call({table}))
        plans[0] = b
        await task
    """).splitlines()
    assert {"  b", "    b"} & set(lines)


@pytest.mark.parametrize("copied", ["copy.copy(job)", "copy.deepcopy(job)"])
def test_a_task_copies_an_object_that_changes(copied: str) -> None:
    lines = graph_of(f"""
        import copy

        class Job:
            pass

        job = Job()
        job.act = a

        async def call():
            await {copied}.act()

        task = asyncio.create_task(call())
        job.act = b
        await task
    """).splitlines()
    assert "b" in map(str.strip, lines)
