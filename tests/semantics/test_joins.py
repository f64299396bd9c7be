"""Awaits of several tasks: gathers, waits, races, task groups, and collections of tasks."""

from __future__ import annotations

import pytest

from tests.semantics.notation import graph_of, text, workflow_of

TWO = "t = asyncio.create_task(a())\nu = asyncio.create_task(b())\n"


@pytest.mark.parametrize(
    "joined",
    [
        "await asyncio.gather(t, u)",
        "await asyncio.gather(*[t, u])",
        "for task in (t, u): await task",
        "[await task for task in [t, u]]",
        "tasks = {'x': t, 'y': u}\nfor task in tasks.values(): await task",
        "tasks = {'x': t, 'y': u}\nfor key, task in tasks.items(): await task",
        "tasks = {'x': t, 'y': u}\n{key: await task for key, task in tasks.items()}",
        "for number, task in enumerate([t, u]): await task",
        "pairs = [('x', t), ('y', u)]\nfor key, task in pairs: await task",
        "tasks = [t, u]\nwhile tasks: await tasks.pop()",
        "await asyncio.gather(*map(asyncio.shield, [t, u]))",
    ],
)
def test_tasks_end_when_their_collection_is_awaited(joined: str) -> None:
    assert graph_of(f"{TWO}{joined}\nawait c()\n") == text("""
        parallel all
          a [1>2]
          b [1>2]
        c
    """)


@pytest.mark.parametrize(
    "joined",
    [
        "for task in [t, u]:\n    if await task: break",
        "for task in [t, u]:\n    if skip(task): continue\n    await task",
        "[await task for task in [t, u] if wanted(task)]",
        "await asyncio.gather(*[task for task in [t, u] if wanted(task)])",
        "await asyncio.gather(*[t, u][:n])",
        "for row, task in zip(rows, [t, u]): await task",
        "tasks = [t, u]\ntasks.remove(t)\nawait asyncio.gather(*tasks)",
        "tasks = {'x': t, 'y': u}\nawait tasks[key]",
        "await [t, u][n]",
    ],
)
def test_partly_awaited_tasks_may_be_pending(joined: str) -> None:
    assert graph_of(f"{TWO}{joined}\nawait c()\n") == text("""
        parallel all
          a [1>]
          b [1>]
          c [2>3]
    """)


def test_a_resolved_part_of_a_list_is_awaited() -> None:
    assert graph_of("""
        tasks = [asyncio.create_task(a()), asyncio.create_task(b())]
        await asyncio.gather(*tasks[1:])
        await c()
        await tasks[0]
        await d()
    """) == text("""
        parallel all
          a [1>4]
          b [1>2]
          c [2>3]
        d
    """)


def test_a_step_between_awaits_of_a_loop_overlaps_the_tasks() -> None:
    assert graph_of("""
        tasks = [asyncio.create_task(a()) for row in rows]
        for task in tasks:
            await task
            await b()
        await c()
    """) == text("""
        parallel all
          loop
            a [1>3]
          loop
            b [1>2]
        c
    """)


def test_as_completed_ends_all_tasks_after_its_loop() -> None:
    assert graph_of("""
        for done in asyncio.as_completed([a(), b()]):
            await done
        await c()
    """) == text("""
        parallel all
          a [1>2]
          b [1>2]
        c
    """)


@pytest.mark.parametrize(
    "statements",
    [
        "for done in asyncio.as_completed([a(), b()]):\n    await done\n    break",
        "for done in asyncio.as_completed([a(), b()]):\n    if await done: break",
        "await next(asyncio.as_completed([a(), b()]))",
    ],
)
def test_the_first_of_as_completed_is_a_race(statements: str) -> None:
    assert graph_of(f"{statements}\nawait c()\nawait asyncio.gather(a(), b())\n") == text("""
        parallel race
          a [1>]
          b [1>]
        c
        parallel all
          a [2>3]
          b [2>3]
    """)


def test_a_race_in_a_gather_tells_nothing_of_its_members() -> None:
    assert graph_of("""
        from js import Promise
        from pyodide.ffi import to_js

        await asyncio.gather(a(), Promise.any(to_js([b(), c()])))
        await d()
    """) == text("""
        parallel all
          a [1>2]
          parallel any
            b [1>]
            c [1>]
        d
    """)


def test_a_wait_with_an_unknown_condition_ends_no_task() -> None:
    assert graph_of(f"{TWO}await asyncio.wait([t, u], return_when=when)\nawait c()\n") == text("""
        parallel all
          a [1>]
          b [1>]
          c [1>2]
    """)


@pytest.mark.parametrize(
    "started",
    [
        "list(map(asyncio.create_task, [a(), b()]))",
        "[functools.partial(asyncio.create_task, name='x')(a()), asyncio.ensure_future(b())]",
        "[asyncio.get_running_loop().create_task(a()), asyncio.shield(b())]",
    ],
)
def test_each_way_to_start_a_coroutine_starts_it_at_once(started: str) -> None:
    assert graph_of(f"tasks = {started}\nawait c()\nawait asyncio.gather(*tasks)\nawait d()\n") == text("""
        parallel all
          a [1>3]
          b [1>3]
          c [1>2]
        d
    """)


def test_javascript_promises_are_joined_as_they_are_in_python() -> None:
    assert graph_of("""
        from js import Promise
        from pyodide.ffi import to_js

        await Promise.allSettled(to_js([a(), b()]))
    """) == text("""
        parallel all_settled
          a [1>2]
          b [1>2]
    """)


@pytest.mark.parametrize(
    "started",
    ["map(asyncio.create_task, [a() for row in rows])", "map(lambda row: a(), rows)"],
    ids=["started", "called"],
)
def test_a_map_over_rows_is_a_loop(started: str) -> None:
    assert graph_of(f"await asyncio.gather(*{started})") == text("""
        parallel all
          loop
            a [1>2]
    """)


def test_a_map_without_steps_is_nothing() -> None:
    assert graph_of("await asyncio.gather(*map(elsewhere, rows))\nawait a()") == "a"


def test_the_result_of_a_task_is_the_return_value() -> None:
    assert graph_of("""
        async def chosen():
            await a()
            return b

        task = asyncio.create_task(chosen())
        await task
        await task.result()()
    """) == text("""
        call chosen
        b
        def chosen
          a
    """)


def test_an_await_of_a_task_or_a_coroutine() -> None:
    assert graph_of("""
        work = asyncio.create_task(a()) if x else b()
        await work
    """) == text("""
        parallel all
          if x
            a [1>2]
          else
        if x
        else
          b
    """)


def test_a_task_awaited_in_nested_gathers_ends_with_them() -> None:
    assert graph_of("""
        async def waiting():
            await task
            await b()

        task = asyncio.create_task(a())
        await asyncio.gather(asyncio.gather(waiting(), c()), d())
        await step.sleep("after", 1)
    """) == text("""
        parallel all
          a [1>2]
          parallel all
            call waiting [1>2]
            c [1>2]
          d [1>2]
        sleep 'after' 1
        def waiting
          b
    """)


def test_a_task_in_a_group_may_be_added_once_more() -> None:
    assert (
        graph_of("""
        async with asyncio.TaskGroup() as group:
            task = group.create_task(a())
            group.create_task(task)
    """)
        == "a"
    )


@pytest.mark.parametrize(
    ("work", "code"),
    [("asyncio.gather(*kept)", "escapes"), ("asyncio.gather(*getattr(kept, name))", "unresolved-await")],
)
def test_a_gather_of_unresolved_values_is_reported(work: str, code: str) -> None:
    workflow = workflow_of(f"class Kept:\n    pass\n\nkept = Kept()\nkept.fn = a\nawait {work}\n")
    assert [note.code for note in workflow.notes] == [code]
    assert not workflow.complete


@pytest.mark.parametrize(
    "call", ["asyncio.wait()", "asyncio.wait_for()", "asyncio.as_completed()", "group.create_task()"]
)
def test_a_join_of_nothing_is_nothing(call: str) -> None:
    assert graph_of(f"async with asyncio.TaskGroup() as group:\n    work = {call}\nawait a()\n") == "a"


def test_tasks_awaited_by_a_loop_have_ended_in_the_next_one() -> None:
    assert graph_of("""
        tasks = [asyncio.create_task(a()) for row in rows]
        for task in tasks:
            await task
        for task in tasks:
            await task
        await b()
    """) == text("""
        parallel all
          loop
            a [1>2]
        b
    """)


def test_two_awaits_of_as_completed_are_one_race() -> None:
    assert graph_of("""
        finished = asyncio.as_completed([a(), b()])
        await next(finished)
        await next(finished)
        await c()
    """) == text("""
        parallel race
          a [1>]
          b [1>]
        c
    """)


def test_gathers_that_are_chosen_before_their_await_end_there() -> None:
    assert graph_of("""
        work = asyncio.gather(a(), b()) if x else asyncio.gather(c(), d())
        if y:
            await step.sleep("between", 1)
        await work
    """) == text("""
        parallel all
          if x
            a [1>3]
            b [1>3]
          else
            c [1>3]
            d [1>3]
          if y
            sleep 'between' 1 [1>2]
    """)


@pytest.mark.parametrize("use", ["await rows()", "await asyncio.gather(rows(), a())"])
def test_a_generator_that_is_awaited_is_reported(use: str) -> None:
    workflow = workflow_of(f"async def rows():\n    yield 1\n\n{use}\n")
    assert [note.code for note in workflow.notes if note.incomplete][:1] == ["generator"]


@pytest.mark.parametrize("loop", ["for x in event['xs']", "while event['x']"])
def test_task_group_that_a_loop_adds_tasks_to(loop: str) -> None:
    body = f"""
        async with asyncio.TaskGroup() as tg:
            {loop}:
                tg.create_task(a())
        await b()
    """
    assert graph_of(body) == text("""
        parallel all
          loop
            a [1>2]
        b
    """)


@pytest.mark.parametrize(
    ("iterable", "graph"),
    [
        ("tasks or []", "a\nb"),
        ("tasks if x else []", "parallel all\n  a [1>]\n  b [2>3]"),
        ("tasks[:n]", "parallel all\n  a [1>]\n  b [2>3]"),
    ],
)
def test_a_loop_awaits_tasks_that_all_its_iterables_hold(iterable: str, graph: str) -> None:
    body = f"tasks = [asyncio.create_task(a())]\nfor task in ({iterable}):\n    await task\nawait b()"
    assert graph_of(body) == graph


@pytest.mark.parametrize(
    "copied",
    ["[task for task in chosen]", "list(chosen)", "{task for task in chosen}", "(task for task in chosen)"],
)
def test_a_copy_of_a_chosen_collection_lacks_the_other_tasks(copied: str) -> None:
    body = f"{TWO}chosen = [t] if x else [u]\ncopies = {copied}\nawait asyncio.gather(*copies)\nawait c()"
    assert graph_of(body) == "parallel all\n  a [1>]\n  b [1>]\n  c [2>3]"


def test_a_pause_between_the_starts_does_not_change_the_kind() -> None:
    body = """
        tasks = []
        for row in rows:
            await asyncio.sleep(0)
            tasks.append(asyncio.create_task(a()))
        await asyncio.wait(tasks)
    """
    assert graph_of(body) == text("""
        parallel all_settled
          loop
            a [1>2]
    """)
