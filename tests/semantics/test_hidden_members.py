"""Gathers of work without steps together with calls. The steps of the calls continue after an error of the work."""

from __future__ import annotations

import pytest

from tests.semantics.notation import graph_of, text

WORK = "async def work():\n    await a()\n    await b()\n\n"
CHECK = "async def check():\n    raise ValueError\n\n"
GROUP = text("""
    try
      parallel all
        call work [1>2]
    catch
    c
    def work
      a
      b
""")


@pytest.mark.parametrize(
    "gather",
    [
        f"{CHECK}try:\n    await asyncio.gather(work(), check())\n",
        f"{CHECK}try:\n    await asyncio.gather(*[check() for _ in xs], work())\n",
        "try:\n    await asyncio.gather(work(), *checks)\n",
        "try:\n    await asyncio.gather(work(), fetch(x), asyncio.sleep(1))\n",
        f"from js import Promise\n{CHECK}try:\n    await Promise.all(item for item in (work(), check()))\n",
        f"{CHECK}async def one():\n    if x: await check()\ntry:\n    await asyncio.gather(work(), one())\n",
    ],
)
def test_a_call_outlasts_the_error_of_hidden_work(gather: str) -> None:
    assert graph_of(f"{WORK}{gather}except Exception:\n    pass\nawait c()") == GROUP


def test_a_helper_may_be_called_in_a_try() -> None:
    assert graph_of(
        f"{WORK}{CHECK}async def both():\n    await asyncio.gather(work(), check())\n\nawait both()"
    ) == text("""
        call both
        def both
          parallel all
            call work [1>2]
        def work
          a
          b
    """)


@pytest.mark.parametrize(
    "gather",
    [
        f"{CHECK}await asyncio.gather(work(), check())",
        "try:\n    await asyncio.gather(work(), asyncio.sleep(1))\nexcept Exception: pass",
        f"{CHECK}try:\n    await asyncio.gather(work(), check(), return_exceptions=True)\nexcept Exception: pass",
        "try:\n    await asyncio.gather(work())\nexcept Exception: pass",
    ],
)
def test_gathers_of_a_single_call_are_the_call(gather: str) -> None:
    assert "parallel" not in graph_of(WORK + gather)


def test_a_step_alone_needs_no_group() -> None:
    gather = f"{CHECK}try:\n    await asyncio.gather(a(), check())\nexcept Exception:\n    pass\nawait c()"
    assert graph_of(gather) == "try\n  a\ncatch\nc"


def test_a_gather_is_awaited_in_a_later_try() -> None:
    gather = f"{WORK}{CHECK}both = asyncio.gather(work(), check())\nawait c()\n"
    assert graph_of(f"{gather}try:\n    await both\nexcept Exception:\n    pass\nawait d()") == text("""
        parallel all
          call work [1>]
          c [1>2]
          d [3>4]
        def work
          a
          b
    """)


def test_a_wait_for_the_first_exception_ends_with_hidden_work() -> None:
    tasks = "[asyncio.create_task(work()), asyncio.create_task(check())]"
    wait = f"await asyncio.wait({tasks}, return_when=asyncio.FIRST_EXCEPTION)"
    assert graph_of(f"{WORK}{CHECK}{wait}\nawait c()") == text("""
        parallel all
          call work [1>]
          c [1>2]
        def work
          a
          b
    """)


HELPER = "async def helper():\n    task = asyncio.create_task(work())\n{0}    await task\n\nawait helper()"


@pytest.mark.parametrize("code", ["    check(x)\n", "    await check\n"])
def test_an_error_before_the_await_leaves_a_call_running(code: str) -> None:
    assert graph_of(WORK + HELPER.format(code)) == text("""
        call helper
        def helper
          parallel all
            call work [1>2]
        def work
          a
          b
    """)


def test_an_await_right_after_the_start_needs_no_group() -> None:
    assert graph_of(WORK + HELPER.format("")) == text("""
        call helper
        def helper
          call work
        def work
          a
          b
    """)


def test_a_gather_in_a_settled_one_ends_with_hidden_work() -> None:
    inner = "asyncio.gather(work(), check())"
    gather = f"await asyncio.gather({inner}, c(), return_exceptions=True)"
    assert graph_of(f"{WORK}{CHECK}{gather}\nawait d()") == text("""
        parallel all
          parallel all_settled
            parallel all
              call work [1>]
            c [1>2]
          d [2>3]
        def work
          a
          b
    """)


READ = "async def read():\n    parse(x)\n    await a()\n\n"
FAIL = "def parse(value):\n    raise ValueError\n\n"


@pytest.mark.parametrize("parse", [FAIL, "from json import loads as parse\n"])
@pytest.mark.parametrize(
    "await_", ["asyncio.gather(read(), return_exceptions=True)", "asyncio.wait([asyncio.create_task(read())])"]
)
def test_a_settled_call_may_fail_before_its_steps(parse: str, await_: str) -> None:
    assert graph_of(f"{parse}{READ}await {await_}\nawait b()") == text("""
        parallel all_settled
          call read [1>2]
        b
        def read
          a
    """)


def test_a_settled_call_of_steps_alone_is_the_call() -> None:
    assert graph_of(f"{WORK}await asyncio.gather(work(), return_exceptions=True)\nawait c()") == text("""
        call work
        c
        def work
          a
          b
    """)


def test_a_task_that_may_fail_unseen_is_in_the_try_of_its_await() -> None:
    task = "task = asyncio.create_task(read())\nawait b()\ntry:\n    await task\nexcept ValueError:\n    pass\n"
    assert graph_of(f"{FAIL}{READ}{task}await c()") == text("""
        try
          parallel all
            call read [1>3]
            b [1>2]
        c
        def read
          a
    """)


def test_a_task_of_steps_alone_needs_no_try() -> None:
    task = "task = asyncio.create_task(work())\nawait c()\ntry:\n    await task\nexcept ValueError:\n    pass\n"
    assert graph_of(f"{WORK}{task}await d()") == text("""
        parallel all
          call work [1>3]
          c [1>2]
        d
        def work
          a
          b
    """)


def test_a_cancelled_task_needs_no_try() -> None:
    task = "task = asyncio.create_task(read())\nawait b()\ntask.cancel()\n"
    await_ = "try:\n    await task\nexcept asyncio.CancelledError:\n    pass\n"
    assert graph_of(f"{FAIL}{READ}{task}{await_}await c()") == text("""
        parallel all
          call read [1>]
          b [1>2]
          c [3>4]
        def read
          a
    """)


def test_a_try_around_another_await_is_no_try_of_the_group() -> None:
    tasks = "log = asyncio.create_task(c())\ntask = asyncio.create_task(read())\nawait b()\nawait task\n"
    assert graph_of(f"{FAIL}{READ}{tasks}try:\n    await log\nexcept ValueError:\n    pass\nawait d()") == text("""
        parallel all
          c [1>4]
          call read [1>3]
          b [1>2]
        d
        def read
          a
    """)


def test_a_task_in_the_try_of_its_await_needs_no_second_try() -> None:
    caught = "try:\n    await b()\n    await asyncio.gather(read(), d())\nexcept Exception:\n    pass\n"
    assert graph_of(f"{FAIL}{READ}log = asyncio.create_task(c())\n{caught}await log") == text("""
        parallel all
          c [1>4]
          try
            b [1>2]
            call read [2>3]
            d [2>3]
          catch
        def read
          a
    """)
