"""Work without steps beside calls in a gather: after its error, the steps of the calls go on."""

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
        f"from js import Promise\n{CHECK}try:\n    await Promise.all([work(), check()])\n",
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
def test_other_gathers_of_one_call_are_the_call(gather: str) -> None:
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
