"""Tasks that one function starts and stores, and that another function awaits."""

from __future__ import annotations

import pytest

from tests.semantics.notation import graph_of, text

BEGIN = """
class Jobs:
    def __init__(self):
        self.tasks = []

    {begin}

    async def finish(self):
        {finish}

jobs = Jobs()
"""
APPEND = "def begin(self, work):\n        self.tasks.append(asyncio.create_task(work))"
GATHER = "await asyncio.gather(*self.tasks)"


def _jobs(begin: str = APPEND, finish: str = GATHER) -> str:
    return BEGIN.format(begin=begin, finish=finish)


@pytest.mark.parametrize("start", ["def begin", "async def begin"])
@pytest.mark.parametrize("result", ["", "\n        return task"])
def test_a_stored_task_ends_at_the_await_of_another_method(start: str, result: str) -> None:
    method = f"{start}(self):\n        task = asyncio.create_task(a())\n        self.tasks.append(task){result}"
    call = "await jobs.begin()" if "async" in start else "jobs.begin()"
    assert graph_of(f"{_jobs(method)}\n{call}\nawait b()\nawait jobs.finish()\nawait c()") == text("""
        parallel all
          call begin [1>3]
          b [1>2]
        c
        def begin
          a
    """)


@pytest.mark.parametrize("finish", [GATHER, "for task in self.tasks:\n            await task"])
def test_each_call_ends_with_its_own_task(finish: str) -> None:
    assert graph_of(f"""
{_jobs(finish=finish)}
jobs.begin(a())
await b()
jobs.begin(c())
await jobs.finish()
await d()
""") == text("""
        parallel all
          call begin(a) [1>3]
          b [1>2]
          call begin(c) [2>3]
        d
        def begin(a)
          a
        def begin(c)
          c
    """)


def test_a_join_of_exactly_the_started_tasks_gives_the_kind() -> None:
    assert graph_of(f"""
{_jobs()}
jobs.begin(a())
jobs.begin(b())
await asyncio.wait(jobs.tasks)
""") == text("""
        parallel all_settled
          call begin(a) [1>2]
          call begin(b) [1>2]
        def begin(a)
          a
        def begin(b)
          b
    """)


def test_calls_in_a_loop_end_after_the_loop() -> None:
    assert graph_of(f"{_jobs()}\nfor x in xs:\n    jobs.begin(a())\nawait jobs.finish()\nawait b()") == text("""
        parallel all
          loop
            call begin(a) [1>2]
        b
        def begin(a)
          a
    """)


def test_a_call_ends_with_the_last_of_its_tasks() -> None:
    begin = "def begin(self):\n        self.tasks = [asyncio.create_task(a()), asyncio.create_task(b())]"
    finish = "await self.tasks[0]\n        await c()\n        await self.tasks[1]"
    assert graph_of(f"{_jobs(begin, finish)}\njobs.begin()\nawait d()\nawait jobs.finish()\nawait d()") == text("""
        parallel all
          call begin [1>3]
          d [1>2]
          call finish [2>3]
        d
        def begin
          parallel all
            a [1>2]
            b [1>2]
        def finish
          c
    """)


def test_a_task_that_nothing_awaits_stays_in_its_function() -> None:
    begin = "def begin(self):\n        self.tasks = [asyncio.create_task(a())]\n        asyncio.create_task(b())"
    assert graph_of(f"{_jobs(begin)}\njobs.begin()\nawait jobs.finish()\nawait c()") == text("""
        call begin
        c
        def begin
          parallel all
            a [1>]
            b [1>]
    """)


def test_an_await_of_one_of_several_runs_completes_no_call() -> None:
    begin = "def begin(self):\n        for x in xs:\n            self.task = asyncio.create_task(a())"
    assert graph_of(f"{_jobs(begin, 'await self.task')}\njobs.begin()\nawait jobs.finish()\nawait b()") == text("""
        call begin
        b
        def begin
          loop
            parallel all
              a [1>]
    """)


def test_a_function_that_runs_steps_itself_is_over_before_its_tasks() -> None:
    begin = "async def begin(self):\n        await a()\n        self.tasks.append(asyncio.create_task(b()))"
    assert graph_of(f"{_jobs(begin)}\nawait jobs.begin()\nawait c()\nawait jobs.finish()") == text("""
        call begin
        c
        def begin
          a
          parallel all
            b [1>]
    """)


def test_a_function_that_calls_a_starting_function_starts_its_tasks() -> None:
    assert graph_of(f"""
{_jobs()}
def both():
    jobs.begin(a())
    jobs.begin(b())
both()
await jobs.finish()
await c()
""") == text("""
        call both
        c
        def both
          parallel all
            call begin(a) [1>2]
            call begin(b) [1>2]
        def begin(a)
          a
        def begin(b)
          b
    """)


def test_an_early_return_of_the_function_starts_fewer_tasks() -> None:
    begin = """def begin(self):
        if x:
            return
        self.tasks.append(asyncio.create_task(a()))"""
    assert graph_of(f"{_jobs(begin)}\njobs.begin()\nawait b()\nawait jobs.finish()\nawait c()") == text("""
        parallel all
          call begin [1>3]
          b [1>2]
        c
        def begin
          if x
            return
          a
    """)


def test_a_returned_task_ends_at_the_await_of_its_result() -> None:
    assert graph_of("""
        async def begin():
            return asyncio.create_task(a())

        task = await begin()
        await b()
        await task
        await c()
    """) == text("""
        parallel all
          call begin [1>3]
          b [1>2]
        c
        def begin
          a
    """)


def test_calls_of_one_function_have_one_definition() -> None:
    begin = "def begin(self):\n        self.task = asyncio.create_task(a())"
    calls = "jobs.begin()\njobs.begin()\nawait b()\nawait jobs.finish()\nawait c()"
    assert graph_of(f"{_jobs(begin, 'await self.task')}\n{calls}") == text("""
        parallel all
          call begin [1>]
          call begin [1>3]
          b [1>2]
          c [3>4]
        def begin
          a
    """)


def test_a_group_that_no_await_completes_stays_in_the_function() -> None:
    finish = "await asyncio.wait(self.tasks, timeout=5)"
    assert graph_of(f"{_jobs(finish=finish)}\njobs.begin(a())\nawait jobs.finish()\nawait b()") == text("""
        call begin(a)
        b
        def begin(a)
          parallel all
            a [1>]
    """)


FINALLY = "try:\n    jobs.begin(a())\n    await b()\nfinally:\n    await jobs.finish()\nawait c()"


def test_a_finally_awaits_the_tasks_that_calls_have_stored() -> None:
    assert graph_of(f"{_jobs()}\n{FINALLY}") == text("""
        parallel all
          try
            call begin(a) [1>3]
            b [1>2]
        c
        def begin(a)
          a
    """)


@pytest.mark.parametrize(
    "begin",
    [
        "task = asyncio.create_task(work)\n        check()\n        self.tasks.append(task)",
        "task = asyncio.create_task(work)\n        self.tasks.append(asyncio.ensure_future(task))",
    ],
)
def test_an_exception_before_a_call_stores_its_task_leaves_the_task_pending(begin: str) -> None:
    method = f"def begin(self, work):\n        {begin}"
    assert graph_of(f"{_jobs(method)}\n{FINALLY}") == text("""
        try
          call begin(a)
          b
        c
        def begin(a)
          parallel all
            a [1>]
    """)


def test_the_exit_of_a_context_manager_awaits_the_tasks_that_calls_have_stored() -> None:
    methods = "async def __aenter__(self):\n        return self\n\n    async def __aexit__(self, *error):"
    jobs = _jobs().replace("async def finish(self):", methods)
    body = "async with Jobs() as jobs:\n    jobs.begin(a())\n    jobs.begin(b())\nawait c()"
    assert graph_of(f"{jobs}\n{body}") == text("""
        parallel all
          try
            call begin(a) [1>2]
            call begin(b) [1>2]
        c
        def begin(a)
          a
        def begin(b)
          b
    """)
