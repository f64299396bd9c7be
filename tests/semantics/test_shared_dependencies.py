"""Dependencies that several concurrent steps need."""

from __future__ import annotations

import pytest

from tests.semantics.notation import dependent_graph_of, dependent_workflow_of, text


@pytest.mark.parametrize(
    ("steps", "call"), [("a b(a) c(a)", "await asyncio.gather(b(), c())"), ("a b(a) c(a) *d(b, c)", "await d()")]
)
def test_all_wait_for_a_dependency_that_may_have_run(steps: str, call: str) -> None:
    assert dependent_graph_of(steps, f"if x:\n    await a()\n{call}").startswith(
        text("""
            if x
              a
            if a has not run
              a
            parallel all
              b [1>2]
              c [1>2]
        """)
    )


def test_a_direct_call_of_a_dependency_may_delay_no_other_step() -> None:
    assert dependent_graph_of("a b(a)", "if x:\n    await a()\nawait asyncio.gather(a(), b())") == text("""
        if x
          a
        parallel all
          a [1>2]
          b [1>2]
    """)


def test_a_dependency_of_a_task_outlasts_another_run_of_its_step() -> None:
    body = "t = asyncio.create_task(b())\nawait asyncio.gather(a(), c())\nawait d()\nawait t"
    assert dependent_graph_of("a b(a) c(a) d", body) == text("""
        parallel all
          block
            a
            b
          a [1>2]
          c [1>2]
          d [2>3]
    """)


@pytest.mark.parametrize(
    ("steps", "body", "twice"),
    [
        ("a b *e(a, b) f(e)", "await a()\nawait b()\nif x:\n    await f()\nawait asyncio.gather(f(), f())", "e"),
        ("a b(a) c d(a, c, b)", "await asyncio.gather(d(), a(), b())", "b"),
    ],
    ids=["concurrent", "several-runs"],
)
def test_a_step_needed_while_it_waits_runs_twice(steps: str, body: str, twice: str) -> None:
    notes = dependent_workflow_of(steps, body).notes
    assert [(note.code, note.message.split("'")[1]) for note in notes] == [("dependency-runs-twice", twice)]


def test_a_task_may_need_a_dependency_before_its_direct_call() -> None:
    """The task begins first. If `b` has not run, it needs `a`."""
    body = "if x:\n    await b()\nt = asyncio.create_task(c())\nawait asyncio.gather(a(), b())\nawait t"
    assert dependent_graph_of("a b(a) c(b)", body) == text("""
        if x
          a
          b
        parallel all
          block
            if b has not run
              if a has not run
                a
              b
            c
          a [1>2]
          b [1>2]
    """)


def test_a_function_needs_a_dependency_before_a_later_task() -> None:
    """The task of `c` begins first, but needs `a` later than `work` does."""
    body = "async def work():\n    await e()\n\nawait asyncio.gather(c(), work(), e())"
    assert dependent_graph_of("a b c(b, a) e(a)", body) == text("""
        parallel all
          block
            b
            c
          call work [1>2]
          e [1>2]
        def work
          if a has not run
            a
          e
    """)


@pytest.mark.parametrize(("before", "twice"), [("await a()", ["dependency-runs-twice"]), ("await f()", [])])
def test_functions_that_need_a_concurrent_step(before: str, twice: list[str]) -> None:
    body = f"{before}\nasync def work():\n    await f()\n\nawait asyncio.gather(f(), work())"
    assert [note.code for note in dependent_workflow_of("a *e(a) f(e)", body).notes] == twice


HELPER = "async def both():\n    await asyncio.gather(c(), b())\n"


@pytest.mark.parametrize(
    "calls",
    [
        "await asyncio.gather(a(), both())",
        "t = asyncio.create_task(a())\nawait d()\nawait both()\nawait t",
    ],
    ids=["same-await", "earlier-await"],
)
def test_a_function_may_wait_for_a_running_dependency(calls: str) -> None:
    """`c` needs `a`, then `b`. It begins `b` itself only if `a` is over."""
    assert dependent_graph_of("a b c(a, b) d", HELPER + calls).endswith(
        text("""
            def both
              parallel all
                b [1>2]
                if b has not run
                  b [1>2]
                c [1>2]
        """)
    )


def test_a_function_may_request_a_dependency_early() -> None:
    assert dependent_graph_of("a b c(a, b)", "if x:\n    await a()\nawait asyncio.gather(c(), b())") == text("""
        if x
          a
        parallel all
          block
            if a has not run
              a
            c
          b [1>2]
          if b has not run
            b [1>2]
    """)


@pytest.mark.parametrize(
    ("calls", "twice"),
    [
        ("await asyncio.gather(a(), both())", ["b"]),
        ("await a()\nawait asyncio.gather(d(), both())", []),
    ],
    ids=["running", "over"],
)
def test_a_dependency_of_a_function_waits_for_running_steps(calls: str, twice: list[str]) -> None:
    """`b` needs `a`, and both `c` and `e` need `b`."""
    helper = "async def both():\n    await asyncio.gather(c(), e())\n"
    notes = dependent_workflow_of("a b(a) c(b) d(a) e(b)", helper + calls).notes
    assert [note.message.split("'")[1] for note in notes if note.code == "dependency-runs-twice"] == twice


def test_a_started_step_waits_for_running_steps() -> None:
    """`e` needs `b`, which waits for `a`."""
    body = """
async def needs():
    await e()
async def both():
    async with asyncio.TaskGroup() as group:
        group.create_task(b())
        group.create_task(needs())
await asyncio.gather(a(), both())
"""
    notes = dependent_workflow_of("a b(a) e(b)", body).notes
    assert [(note.code, note.message.split("'")[1]) for note in notes] == [("dependency-runs-twice", "b")]


def test_tasks_may_request_a_dependency_early() -> None:
    body = """
if x:
    await a()
tasks = asyncio.create_task(c()), asyncio.create_task(b())
await d()
await asyncio.gather(*tasks)
"""
    assert dependent_graph_of("a b c(a, b) d", body) == text("""
        if x
          a
        parallel all
          block
            parallel all
              block
                if a has not run
                  a
                c
              if b has not run
                b
          b [1>3]
          d [1>2]
    """)
