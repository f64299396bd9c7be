"""Pending work on different paths: branches, loops, exits and exceptions."""

from __future__ import annotations

import textwrap

import pytest

from tests.semantics.notation import graph_of, text


def test_work_awaited_in_all_branches_ends_at_the_last_clock() -> None:
    assert graph_of("""
        t = asyncio.create_task(a())
        if x:
            await b()
            await c()
            await t
        else:
            await t
        await d()
    """) == text("""
        parallel all
          a [1>4]
          if x
            b [1>2]
            c [2>3]
          else
        d
    """)


def test_a_task_of_either_branch_ends_at_the_await_of_its_name() -> None:
    assert graph_of("""
        if x:
            t = asyncio.create_task(a())
        else:
            t = asyncio.create_task(b())
        await c()
        await t
        await d()
    """) == text("""
        parallel all
          if x
            a [1>3]
          else
            b [1>3]
          c [1>2]
        d
    """)


def test_a_conditional_await_of_two_tasks_leaves_both_pending() -> None:
    assert graph_of("""
        t = asyncio.create_task(a())
        u = asyncio.create_task(b())
        await (t if x else u)
        await c()
    """) == text("""
        parallel all
          a [1>]
          b [1>]
          c [2>3]
    """)


def test_a_task_awaited_under_a_condition_of_its_own_is_pending() -> None:
    assert graph_of("""
        t = None
        if x:
            t = asyncio.create_task(a())
        await b()
        if y:
            await t
        await c()
    """) == text("""
        parallel all
          if x
            a [1>]
          b [1>2]
          c [3>4]
    """)


@pytest.mark.parametrize("leaving", ["break", "return"])
def test_a_break_before_an_await_leaves_the_task_pending(leaving: str) -> None:
    assert graph_of(f"""
        async def inner():
            for row in rows:
                t = asyncio.create_task(a())
                await b()
                if x:
                    {leaving}
                await t
        await inner()
        await c()
    """) == text(f"""
        call inner
        c
        def inner
          loop
            parallel all
              a [1>]
              b [1>2]
              if x
                {leaving}
    """)


def test_a_return_before_an_await_leaves_the_task_pending() -> None:
    assert graph_of("""
        async def inner():
            t = asyncio.create_task(a())
            if x:
                return
            await t
        await inner()
        await b()
    """) == text("""
        call inner
        b
        def inner
          parallel all
            a [1>]
    """)


def test_a_return_of_run_before_the_last_await_is_shown() -> None:
    assert graph_of("t = asyncio.create_task(a())\nawait b()\nif event:\n    return\nawait t") == text("""
        parallel all
          a [1>3]
          b [1>2]
          if event
            return
    """)


def test_a_return_of_run_after_the_last_await_is_omitted() -> None:
    body = "t = asyncio.create_task(a())\nawait b()\nif event:\n    await t\n    return 1\nreturn 2"
    assert graph_of(body) == text("""
        parallel all
          a [1>]
          b [1>2]
    """)


def test_nothing_begins_after_run_has_returned_early() -> None:
    assert graph_of("""
        t = asyncio.create_task(a())
        if x:
            return
        await b()
        await t
        await c()
    """) == text("""
        parallel all
          a [1>3]
          if x
            return
          b [1>2]
        c
    """)


@pytest.mark.parametrize("leaving", ["return", "raise ValueError"])
def test_a_finally_may_begin_before_an_await_that_is_skipped(leaving: str) -> None:
    assert graph_of(f"""
        t = asyncio.create_task(a())
        try:
            await b()
            if x:
                {leaving}
            await t
        finally:
            await c()
        await d()
    """) == text("""
        parallel all
          a [1>]
          try
            b [1>2]
            if x
              return
          finally
            c [3>4]
        d
    """)


def test_an_exit_of_a_context_may_begin_before_a_skipped_await() -> None:
    assert graph_of("""
        @contextlib.asynccontextmanager
        async def lock():
            try:
                yield
            finally:
                await c()

        t = asyncio.create_task(a())
        async with lock():
            if x:
                return
            await t
        await d()
    """) == text("""
        parallel all
          a [1>]
          try
            if x
              return
          finally
            c [2>3]
        d
    """)


@pytest.mark.parametrize("inner", ["pass", "log()"])
def test_returns_before_and_after_an_await_share_a_finally(inner: str) -> None:
    assert graph_of(f"""
        t = asyncio.create_task(a())
        try:
            try:
                if x:
                    return
                await t
                return
            finally:
                {inner}
        finally:
            await c()
    """) == text("""
        parallel all
          a [1>]
          finally
            c [2>3]
    """)


def test_an_await_after_a_finally_that_ends_run_completes() -> None:
    assert graph_of("""
        t = asyncio.create_task(a())
        try:
            await b()
            if x:
                return
        finally:
            await c()
        await t
        await d()
    """) == text("""
        parallel all
          a [1>4]
          try
            b [1>2]
            if x
              return
          finally
            c [2>3]
        d
    """)


def test_a_caught_raise_may_leave_a_task_pending() -> None:
    assert graph_of("""
        try:
            t = asyncio.create_task(a())
            if bad:
                raise ValueError
            await t
        except ValueError:
            await b()
        await c()
    """) == text("""
        try
          parallel all
            a [1>]
        catch
          switch exception
          | case ValueError
            b
          | default
            return
        c
    """)


def test_a_branch_that_raises_does_not_reach_later_steps() -> None:
    assert graph_of("""
        t = asyncio.create_task(a())
        if x:
            await b()
            await t
        else:
            raise ValueError
        await c()
    """) == text("""
        parallel all
          a [1>3]
          if x
            b [1>2]
          else
            return
        c
    """)


def test_a_continue_before_an_await_leaves_the_task_pending() -> None:
    assert graph_of("""
        for row in rows:
            t = asyncio.create_task(a())
            if x:
                continue
            await t
        await b()
    """) == text("""
        loop
          parallel all
            a [1>]
        b
    """)


@pytest.mark.parametrize(
    "awaiting",
    [
        "if tasks:\n    await asyncio.gather(*tasks)",
        "if len(tasks) > 0:\n    await asyncio.gather(*tasks)",
        "if x and not tasks:\n    pass\nelif tasks:\n    await asyncio.gather(*tasks)",
        "if not len(tasks):\n    pass\nelse:\n    await asyncio.wait(tasks)",
        "done = await asyncio.gather(*tasks) if tasks else []",
    ],
)
def test_an_empty_collection_leaves_no_task_pending(awaiting: str) -> None:
    assert graph_of("tasks = [asyncio.create_task(a()) for row in rows]\n" + awaiting + "\nawait b()").endswith("\nb")


@pytest.mark.parametrize("test", ["tasks and x", "tasks[:1]", "len(tasks) > 1", "x"])
def test_a_test_of_more_than_emptiness_leaves_tasks_pending(test: str) -> None:
    body = (
        f"tasks = [asyncio.create_task(a()) for row in rows]\nif {test}:\n    await asyncio.gather(*tasks)\nawait b()"
    )
    assert graph_of(body) == text("""
        parallel all
          loop
            a [1>]
          b [2>3]
    """)


def test_an_empty_collection_has_no_task_added_on_some_paths() -> None:
    assert graph_of("""
        t = asyncio.create_task(a())
        tasks = [t] if x else []
        if tasks:
            await asyncio.gather(*tasks)
        await b()
    """) == text("""
        parallel all
          a [1>]
          b [2>3]
    """)


@pytest.mark.parametrize(
    "awaiting",
    [
        "if task:\n    await task",
        "if task is not None:\n    await task",
        "if not task:\n    pass\nelse:\n    await task",
        "result = await task if task else None",
        "if task is None:\n    return\nawait task",
    ],
)
def test_a_variable_without_a_task_leaves_none_pending(awaiting: str) -> None:
    body = "task = None\nif x:\n    task = asyncio.create_task(a())\nawait b()\n" + awaiting + "\nawait c()"
    graph = graph_of(body)
    assert "a [1>3]" in graph
    assert graph.endswith("\nc")


@pytest.mark.parametrize(
    "starting",
    [
        "t = asyncio.create_task(a())\ntask = t if x else None",
        "task = asyncio.create_task(a())\nif x:\n    task = None",
        "task = None\nif x:\n    task = asyncio.create_task(a())\nif y:\n    task = None",
        "t = asyncio.create_task(a())\ntask = asyncio.gather(t) if x else None",
    ],
)
def test_a_variable_that_loses_its_task_may_leave_it_pending(starting: str) -> None:
    graph = graph_of(starting + "\nif task:\n    await task\nawait b()")
    assert "a [1>]" in graph
    assert graph.endswith("\n  b [2>3]")


def test_an_unknown_repetition_of_a_collection_may_be_empty() -> None:
    assert graph_of("""
        tasks = [asyncio.create_task(a())] * n
        await asyncio.gather(*tasks)
        await b()
    """) == text("""
        parallel all
          a [1>]
          b [2>3]
    """)


def test_a_name_awaits_only_the_last_task_of_a_loop() -> None:
    assert graph_of("""
        for row in rows:
            t = asyncio.create_task(a())
        await t
        await b()
    """) == text("""
        parallel all
          loop
            a [1>]
          b [2>3]
    """)


def test_a_nonempty_loop_with_an_await_has_awaited() -> None:
    assert graph_of("""
        t = asyncio.create_task(a())
        while True:
            await b()
            await t
            if done:
                break
        await c()
    """) == text("""
        parallel all
          a [1>3]
          loop
            b [1>2]
            if done
              break
        c
    """)


def test_a_finally_awaits_on_each_exit() -> None:
    assert graph_of("""
        async def inner():
            try:
                t = asyncio.create_task(a())
                if await b():
                    return
            finally:
                await t
            await c()
        await inner()
        await d()
    """) == text("""
        call inner
        d
        def inner
          parallel all
            try
              a [1>3]
              b [1>2]
              if await b()
                return
          c
    """)


def test_a_handler_begins_with_the_clock_of_its_try() -> None:
    assert graph_of("""
        t = asyncio.create_task(a())
        try:
            await b()
        except ValueError:
            await c()
            await t
        else:
            await t
        await d()
    """) == text("""
        parallel all
          a [1>3]
          try
            b [1>2]
          catch
            switch exception
            | case ValueError
              c [1>2]
            | default
              return
        d
    """)


def test_a_task_that_fails_at_its_await_has_ended() -> None:
    assert graph_of("""
        t = asyncio.create_task(a())
        await b()
        try:
            await t
        except ValueError:
            await c()
        await d()
    """) == text("""
        parallel all
          a [1>3]
          b [1>2]
          catch
            switch exception
            | case ValueError
              c [2>3]
            | default
              return
        d
    """)


def test_a_task_awaited_late_in_a_try_may_be_pending_afterwards() -> None:
    assert graph_of("""
        t = asyncio.create_task(a())
        try:
            await b()
            await t
        except ValueError:
            pass
        await c()
    """) == text("""
        parallel all
          a [1>]
          try
            b [1>2]
          catch
            switch exception
            | case ValueError
            | default
              return
          c [3>4]
    """)


def test_an_await_of_finished_work_does_not_change_clocks() -> None:
    assert graph_of("""
        t = asyncio.create_task(a())
        u = asyncio.create_task(b())
        await t
        await c()
        await asyncio.gather(t, u)
        await t
        await asyncio.gather(a(), b())
    """) == text("""
        parallel all
          a [1>2]
          b [1>4]
          c [2>3]
        parallel all
          a [4>5]
          b [4>5]
    """)


def test_a_task_awaited_after_its_group_opens_no_other() -> None:
    assert graph_of("""
        async with asyncio.TaskGroup() as group:
            await group.create_task(a())
            t = group.create_task(b())
        await t
        await c()
    """).splitlines() == ["a", "b", "c"]


def test_leaving_a_task_group_early_awaits_its_tasks_too() -> None:
    assert graph_of("""
        for row in rows:
            async with asyncio.TaskGroup() as group:
                group.create_task(a())
                if x:
                    break
                await b()
        await c()
    """) == text("""
        loop
          parallel all
            a [1>3]
            if x
              break
            b [1>2]
        c
    """)


def test_an_early_exit_from_a_task_group_skips_later_steps() -> None:
    assert graph_of("""
        for row in rows:
            async with asyncio.TaskGroup() as group:
                group.create_task(a())
                if x:
                    continue
                await b()
            await c()
    """) == text("""
        loop
          parallel all
            a [1>3]
            if x
            else
              b [1>2]
          if no continue
            c
    """)


def test_a_finally_that_always_raises_awaits_nothing_after_it() -> None:
    assert graph_of("""
        task = asyncio.create_task(a())
        try:
            if x:
                return
            await b()
        finally:
            await c()
            raise Failed
        await task
    """) == text("""
        parallel all
          a [1>]
          try
            if x
              return
            b [1>2]
          finally
            c [2>3]
    """)


def test_nested_finally_blocks_are_bounded() -> None:
    body, shown = "await a()", "a [1>2]"
    for _ in range(9):
        body = f"try:\n    if x:\n        return\nfinally:\n{textwrap.indent(body, '    ')}"
        shown = f"try\n  if x\n    return\nfinally\n{textwrap.indent(shown, '  ')}"
    shown = textwrap.indent(f"b [1>3]\n{shown}", "  ")
    assert graph_of(f"task = asyncio.create_task(b())\n{body}\nawait task") == f"parallel all\n{shown}"


_FINALLY_AFTER_BREAK = """
    task = asyncio.create_task(a())
    while True:
        try:
            if x:
                other = asyncio.create_task(d())
                break
            await b()
        finally:
            await task
    await other
    await c()
"""


def test_finally_awaits_the_tasks_that_a_break_leaves() -> None:
    assert graph_of(_FINALLY_AFTER_BREAK) == text("""
        parallel all
          a [1>3]
          loop
            try
              if x
                d [1>4]
                break
              b [1>2]
        c
    """)


def test_awaits_of_finally_blocks_beyond_the_bound_claim_less(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("stepgraph.ir.dataflow.MAX_FINALLY_REVISITS", 0)
    assert graph_of(_FINALLY_AFTER_BREAK) == text("""
        parallel all
          a [1>]
          loop
            try
              if x
                d [1>4]
                break
              b [1>2]
          c [4>5]
    """)


@pytest.mark.parametrize(
    "tasks",
    [
        "[t for k in rows]",
        "[(k, t) for k in rows]",
        "{i: t for i, k in enumerate(rows)}.values()",
        "[asyncio.shield(t) for k in rows]",
        "list(map(lambda k: t, rows))",
        "itertools.chain.from_iterable([[t] for k in rows])",
        "[pair[1] for pair in itertools.product(rows, [t])]",
        "yielded(t)",
    ],
)
def test_an_empty_comprehension_awaits_no_outer_task(tasks: str) -> None:
    awaiting = "for _, task in tasks: await task" if "(k, t)" in tasks else "await asyncio.gather(*tasks)"
    generator = "import itertools\ndef yielded(task):\n    for row in rows: yield task\n\n"
    assert graph_of(f"{generator}t = asyncio.create_task(a())\ntasks = {tasks}\n{awaiting}\nawait d()") == text("""
        parallel all
          a [1>]
          d [2>3]
    """)


def test_a_list_of_lists_may_be_empty() -> None:
    body = "t = asyncio.create_task(a())\nlists = [[t] for row in rows]\nfor tasks in lists: await tasks[0]\nawait d()"
    assert "a [1>]" in graph_of(body)


@pytest.mark.parametrize("loop", ["for row, (n, t) in pairs", "for i, (row, (n, t)) in enumerate(pairs)"])
def test_a_loop_unpacks_nested_tuples_with_tasks(loop: str) -> None:
    assert graph_of(f"""
        pairs = [(row, (1, asyncio.create_task(a()))) for row in rows]
        {loop}:
            await t
        await d()
    """) == text("""
        parallel all
          loop
            a [1>2]
        d
    """)


@pytest.mark.parametrize(
    "tasks",
    [
        "tasks = [[asyncio.create_task(a()) for j in k][-1] for k in rows]",
        "tasks = []\nfor k in rows:\n    for j in k: t = asyncio.create_task(a())\n    tasks.append(t)",
        "all_tasks = [asyncio.create_task(a()) for k in rows]\ntasks = [[t for t in all_tasks][0] for j in k]",
    ],
)
def test_a_collection_may_lack_tasks_of_an_inner_loop(tasks: str) -> None:
    assert "a [1>]" in graph_of(f"{tasks}\nawait asyncio.gather(*tasks)\nawait d()")


def test_an_inner_loop_may_omit_the_tasks_of_an_outer_collection() -> None:
    assert graph_of("""
        tasks = [asyncio.create_task(a()) for row in rows]
        await asyncio.gather(*[task for row in rows for task in tasks])
        await d()
    """) == text("""
        parallel all
          loop
            a [1>]
          d [2>3]
    """)


@pytest.mark.parametrize(
    "tasks",
    [
        "[asyncio.create_task(a()) for row in rows]",
        "[asyncio.create_task(a()) for row in rows if row]",
        "[asyncio.create_task(a()) for row in rows for item in row]",
        "[task for task in [asyncio.create_task(a()) for row in rows]]",
    ],
)
def test_a_comprehension_contains_the_tasks_that_it_starts(tasks: str) -> None:
    lines = graph_of(f"tasks = {tasks}\nawait asyncio.gather(*tasks)\nawait d()").split("\n")
    assert [line.strip() for line in lines if line.strip() != "loop"] == ["parallel all", "a [1>2]", "d"]


WAITER = "task = asyncio.create_task(a())\nasync def waiter():\n    await task\n\n"


@pytest.mark.parametrize(
    "body",
    [
        "await asyncio.gather(*[waiter() for row in rows])",
        "waiters = []\nfor row in rows: waiters.append(asyncio.create_task(waiter()))\nfor each in waiters: await each",
        "async with asyncio.TaskGroup() as tg:\n    if x: tg.create_task(waiter())",
        "waiting = asyncio.create_task(waiter() if x else b())\nawait waiting",
        "try:\n    waiting = asyncio.create_task(waiter())\nexcept ValueError: ...\nelse:\n    await waiting",
    ],
)
def test_a_function_that_may_not_be_called_awaits_nothing(body: str) -> None:
    assert graph_of(f"{WAITER}{body}\nawait d()").split("\n")[:2] == ["parallel all", "  a [1>]"]


@pytest.mark.parametrize(
    "body",
    [
        "await asyncio.gather(waiter(), waiter())",
        "async with asyncio.TaskGroup() as tg:\n    tg.create_task(waiter())",
        "waiting = asyncio.create_task(waiter())\nif x:\n    await waiting\n    return\nawait waiting",
    ],
)
def test_a_called_function_awaits_the_tasks_of_its_caller(body: str) -> None:
    assert "a [1>]" not in graph_of(f"{WAITER}{body}\nawait d()")
