"""Test SG127: tasks created from sleeps."""

from __future__ import annotations

import pytest

from tests.checks.snippets import codes_in, findings_in

ASYNCIO = "import asyncio\nimport functools"


def test_message_and_advice() -> None:
    finding, *_ = findings_in('pause = asyncio.create_task(step.sleep("rest", "1 hour"))\nawait pause', ASYNCIO)

    assert finding.message == (
        '`step.sleep("rest", "1 hour")` is a future, but `asyncio.create_task` takes a coroutine, so it fails'
        " with a TypeError."
    )
    assert finding.advice == (
        'A sleep starts when it is called: write `nap = step.sleep("rest", "1 hour")`, and `await nap` where it must be'
        " finished."
    )


def test_advice_for_a_sleep_bound_to_a_name() -> None:
    (finding,) = findings_in('nap = step.sleep("rest", "1 hour")\nawait asyncio.create_task(nap)', ASYNCIO)

    assert finding.advice == "The sleep has already started: `await nap` where it must be finished."


@pytest.mark.parametrize(
    "body",
    [
        'await asyncio.create_task(step.sleep("rest", "1 hour"), name="rest")',
        'await asyncio.create_task(coro=step.sleep("rest", "1 hour"))',
        'await asyncio.Task(step.sleep("rest", "1 hour"))',
        'await asyncio.get_event_loop().create_task(step.sleep("rest", "1 hour"))',
        'await asyncio.create_task(asyncio.ensure_future(step.sleep("rest", "1 hour")))',
        'await asyncio.create_task(functools.partial(step.sleep, "rest", "1 hour")())',
        'def nap(name):\n    return step.sleep(name, "1 hour")\n\nawait asyncio.create_task(nap("rest"))',
        'nap = lambda name: step.sleep(name, "1 hour")\nawait asyncio.create_task(nap("rest"))',
        'nap = step.sleep("a", "1 hour") if event else step.sleep("b", "1 hour")\nawait asyncio.create_task(nap)',
    ],
)
def test_functions_that_require_a_coroutine(body: str) -> None:
    assert codes_in(body, ASYNCIO) == ["SG127"]


@pytest.mark.parametrize(
    "body",
    [
        'await asyncio.ensure_future(step.sleep("rest", "1 hour"))',
        'await asyncio.gather(step.sleep("rest", "1 hour"))',
        'await asyncio.wait([step.sleep("rest", "1 hour")])',
        'await asyncio.shield(step.sleep("rest", "1 hour"))',
        'def nap():\n    return step.wait_for_event("go", "go")\n\nawait asyncio.create_task(nap())',
        'async def nap():\n    return await step.sleep("rest", "1 hour")\n\nawait asyncio.create_task(nap())',
        'async def nap():\n    return step.sleep("rest", "1 hour")\n\nawait (await asyncio.create_task(nap()))',
    ],
)
def test_functions_that_accept_a_future(body: str) -> None:
    assert codes_in(body, ASYNCIO) == []
