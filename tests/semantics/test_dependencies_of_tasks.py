"""Dependencies of tasks, and steps that tasks have run."""

from __future__ import annotations

import textwrap

import pytest

from tests.semantics.notation import (
    dependent_graph_of,
    dependent_workflow_of,
    text,
)


def test_a_task_begins_after_the_start_of_the_next_await() -> None:
    assert dependent_graph_of("a b(a)", "t = asyncio.create_task(a())\nawait b()\nawait t") == text("""
        parallel all
          a [1>4]
          a [1>2]
          b [2>3]
    """)


def test_a_task_begins_at_an_await_of_anything() -> None:
    body = "t = asyncio.create_task(a())\nawait asyncio.sleep(0)\nawait b()\nawait t"
    assert dependent_graph_of("a b(a)", body).splitlines() == ["a", "b"]


def test_a_step_waits_for_a_pending_task_it_needs() -> None:
    body = "t = asyncio.create_task(a())\nu = asyncio.create_task(d())\nawait c()\nawait b()\nawait u"
    assert dependent_graph_of("a b(a) c d", body) == text("""
        parallel all
          a [1>3]
          d [1>5]
          c [1>2]
          b [3>4]
    """)


def test_a_task_with_dependencies_is_a_block() -> None:
    assert dependent_graph_of("a b(a) c", "t = asyncio.create_task(b())\nawait c()\nawait t") == text("""
        parallel all
          block
            a
            b
          c [1>2]
    """)


def test_a_task_group_runs_shared_dependencies_first() -> None:
    body = """
        async with asyncio.TaskGroup() as group:
            group.create_task(b())
            group.create_task(c())
        await d()
    """
    assert dependent_graph_of("a b(a) c(a) d", body) == text("""
        a
        parallel all
          b [1>2]
          c [1>2]
        d
    """)


def test_a_dependency_of_a_task_and_the_next_step_comes_first() -> None:
    body = "t = asyncio.create_task(b())\nawait c()\nawait t\nawait d()"
    assert dependent_graph_of("a b(a) c(a) d", body) == text("""
        a
        parallel all
          b [1>3]
          c [1>2]
        d
    """)


def test_a_common_dependency_follows_the_start_of_other_tasks() -> None:
    body = "u = asyncio.create_task(d())\nt = asyncio.create_task(b())\nawait c()\nawait t\nawait u"
    assert dependent_graph_of("a b(a) c(a) d", body) == text("""
        parallel all
          d [1>5]
          a [1>2]
          b [2>4]
          c [2>3]
    """)


def test_a_dependency_beside_other_work_does_not_come_first() -> None:
    body = "t = asyncio.create_task(b())\nawait c()\nawait t"
    assert dependent_graph_of("a b(a) c(d, a) d", body) == text("""
        parallel all
          b [1>4]
          d [1>2]
          a [1>2]
          c [2>3]
    """)


def test_work_started_on_some_paths_may_not_have_run() -> None:
    body = "await asyncio.gather(b() if ready else c(), d())"
    assert dependent_graph_of("a b(a) c d(a)", body) == text("""
        parallel all
          if ready
            block
              a
              b
          else
            c [1>2]
          block
            if a has not run
              a
            d
    """)


@pytest.mark.slow
def test_a_task_has_run_nothing_before_its_possible_awaits() -> None:
    body = "t = asyncio.create_task(b())\nif x:\n    await c()\nawait t\nawait d()"
    assert dependent_graph_of("a b(a) c d(a)", body) == text("""
        parallel all
          block
            a
            b
          if x
            c [1>2]
        d
    """)


def test_a_task_has_run_its_dependencies_after_all_awaits() -> None:
    body = "t = asyncio.create_task(b())\nif x:\n    await c()\nawait c()\nawait d()\nawait t"
    assert dependent_graph_of("a b(a) c d(a)", body) == text("""
        parallel all
          block
            a
            b
          if x
            c [1>2]
          c [2>3]
          d [3>4]
    """)


def test_dependencies_run_only_where_a_task_has_begun() -> None:
    body = "t = asyncio.create_task(b())\nif x:\n    await a()\nawait t"
    assert dependent_graph_of("a b(a)", body) == text("""
        parallel all
          block
            if a has not run
              a
            b
          if x
            a [1>2]
    """)


def test_tasks_begin_at_the_first_await_of_a_loop() -> None:
    body = "t = asyncio.create_task(b())\nu = asyncio.create_task(c())\nfor task in [t, u]:\n    await task\nawait d()"
    assert dependent_graph_of("a b(a) c d(a)", body) == text("""
        parallel all
          block
            a
            b
          c [1>2]
        d
    """)


def test_a_step_started_in_a_task_or_run_before_has_run() -> None:
    body = "if x:\n    t = asyncio.create_task(a())\nelse:\n    await a()\nawait c()\nawait b()"
    assert dependent_graph_of("a b(a) c", body) == text("""
        if x
          parallel all
            a [1>]
        else
          a
        c
        b
    """)


def test_a_step_started_in_a_task_on_one_path_may_not_have_run() -> None:
    body = "if x:\n    t = asyncio.create_task(a())\nawait c()\nawait b()"
    assert dependent_graph_of("a b(a) c", body) == text("""
        if x
          parallel all
            a [1>]
        c
        if a has not run
          a
        b
    """)


def test_an_exception_does_not_skip_a_started_task() -> None:
    body = "t = asyncio.create_task(b())\ntry:\n    await c()\nexcept ValueError:\n    pass\nawait t\nawait d()"
    assert dependent_workflow_of("a b(a) c d(a)", body).notes == ()


def test_dependencies_of_a_started_task_have_run() -> None:
    body = "if x:\n    await a()\nt = asyncio.create_task(b())\nawait c()\nawait d()\nawait t"
    assert dependent_graph_of("a b(a) c d(a)", body) == text("""
        if x
          a
        parallel all
          block
            if a has not run
              a
            b
          c [1>2]
          d [2>3]
    """)


@pytest.mark.parametrize(
    "body", ["if x:\n    await b()", "if x:\n    return\nawait b()", "for row in rows:\n    await b()"]
)
def test_a_task_may_not_have_run_a_conditional_step(body: str) -> None:
    calling = (
        "async def first():\n"
        + textwrap.indent(body, "    ")
        + "\nt = asyncio.create_task(first())\nawait t\nawait d()"
    )
    assert dependent_graph_of("a b(a) d(a)", calling).splitlines()[:4] == [
        "call first",
        "if a has not run",
        "  a",
        "d",
    ]


def test_a_task_has_run_a_step_of_all_its_paths() -> None:
    body = """
        async def first():
            if x:
                await b()
            else:
                await c()

        t = asyncio.create_task(first())
        await t
        await d()
    """
    assert dependent_graph_of("a b(a) c(a) d(a)", body) == text("""
        call first
        d
        def first
          if x
            a
            b
          else
            a
            c
    """)


def test_no_dependency_runs_after_run_ends() -> None:
    body = "t = asyncio.create_task(b())\nif x:\n    return\nawait t\nawait d()"
    assert dependent_graph_of("a b(a) d(a)", body) == text("""
        parallel all
          block
            a
            b
          if x
            return
        d
    """)


def test_a_path_through_an_exception_is_not_counted() -> None:
    workflow = dependent_workflow_of(
        "a b(a) c(a)",
        """
        async def first():
            try:
                return await b()
            except ValueError:
                return None

        await first()
        await c()
        """,
    )
    assert [note.code for note in workflow.notes] == ["dependency-after-failure"]
    assert dependent_graph_of("a b(a)", "try:\n    await a()\nexcept ValueError:\n    pass\nawait b()") == text("""
        try
          a
        catch
          switch exception
          | case ValueError
          | default
            return
        b
    """)


def test_a_task_that_starts_in_the_else_of_a_loop_begins_once() -> None:
    body = """
        for x in xs:
            await c()
        else:
            t = asyncio.create_task(b())
            await c()
            await t
    """
    assert dependent_graph_of("a b(a) c", body) == text("""
        loop
          c
        parallel all
          block
            a
            b
          c [1>2]
    """)


@pytest.mark.parametrize(("between", "over"), [("", 3), ("await d()\n", 4)])
def test_tasks_awaited_in_turn_begin_after_shared_dependencies(between: str, over: int) -> None:
    graph = dependent_graph_of(
        "load left(load) right(load) d",
        f"t = asyncio.create_task(left())\nu = asyncio.create_task(right())\nawait t\n{between}await u",
    )
    step_between = "\n          d [2>3]" if between else ""
    assert graph == text(f"""
        load
        parallel all
          left [1>2]
          right [1>{over}]{step_between}
    """)


def test_an_await_that_may_be_of_nothing_may_begin_nothing() -> None:
    body = """
        task = asyncio.create_task(b())
        await asyncio.gather(*[c() for x in xs])
        await a()
        await task
    """
    assert dependent_graph_of("a b(a) c", body) == text("""
        parallel all
          block
            if a has not run
              a
            b
          loop
            c [1>2]
          a [2>3]
    """)


def test_arguments_of_as_completed_begin_in_any_order() -> None:
    body = "for done in asyncio.as_completed([a(), b()]):\n    await done"
    assert dependent_graph_of("a b(a)", body) == text("""
        parallel all
          a [1>2]
          block
            if a has not run
              a
            b
    """)


def test_work_started_in_a_branch_of_a_group_is_concurrent() -> None:
    body = """
        task = asyncio.create_task(a())
        if x:
            one = asyncio.create_task(c())
            other = asyncio.create_task(e())
            await one
            await other
        await task
    """
    assert dependent_graph_of("a b c(b) d e(d)", body) == text("""
        parallel all
          a [1>4]
          if x
            parallel all
              block
                b
                c
              block
                d
                e
    """)


@pytest.mark.parametrize(
    ("statement", "shown"),
    [
        ("await d()", "d [1>2]"),
        ("if y: await d()", "if y\n  d [1>2]"),
        ("for row in rows: await d()", "loop\n  d [1>2]"),
        ("try: await d()\nexcept Exception: pass", "try\n  d [1>2]\ncatch"),
    ],
    ids=["a step", "a branch", "a loop", "a try"],
)
def test_clocks_of_work_started_in_a_branch_overlap_other_work(statement: str, shown: str) -> None:
    body = (
        "task = asyncio.create_task(a())\n"
        "if x:\n    one = asyncio.create_task(c())\n"
        + textwrap.indent(statement, "    ")
        + "\n    await one\nawait task"
    )
    expected = "parallel all\n  a [1>4]\n  if x\n    block\n      b\n      c\n" + textwrap.indent(shown, "    ")
    assert dependent_graph_of("a b c(b) d", body) == expected


def test_a_gather_of_another_kind_is_a_nested_parallel() -> None:
    body = """
        task = asyncio.create_task(d())
        await asyncio.gather(b(), c(), return_exceptions=True)
        await task
    """
    assert dependent_graph_of("a b(a) c d", body) == text("""
        parallel all
          d [1>4]
          parallel all_settled
            a [1>2]
            b [2>3]
            c [1>3]
    """)


def test_each_part_of_pending_work_begins_at_its_clock() -> None:
    body = "task = asyncio.create_task(c())"
    assert dependent_graph_of("*a *b *c(a, b)", body) == text("""
        parallel all
          parallel all
            a [1>]
            b [1>]
          c [1>]
    """)


def test_a_task_awaited_twice_follows_its_dependencies() -> None:
    body = """
        task = asyncio.create_task(c())
        if x:
            await task
        await task
    """
    assert dependent_graph_of("*a *b(a) *c(a, b)", body).splitlines() == ["a", "b", "c"]
