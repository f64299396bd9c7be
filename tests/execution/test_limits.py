"""Test that every run ends."""

from __future__ import annotations

import pytest

from tests.execution.limits import EngineLimit
from tests.execution.run_body import run


@pytest.mark.slow
@pytest.mark.parametrize(
    "body",
    [
        "while True: pass",
        "while True: await asyncio.sleep(0)",
        "while True: await asyncio.sleep(3600)",
        "await asyncio.Event().wait()",
        "await asyncio.get_running_loop().create_future()",
        "await step.do('endless')(lambda: iter(int, 1))()",
    ],
)
def test_endless_run_is_stopped(body: str) -> None:
    assert isinstance(run(body, seconds=0.2).error, EngineLimit)


def test_endless_steps_reach_the_step_limit() -> None:
    execution = run("while True: await step.do('again')(lambda: 1)()", step_limit=100)
    assert len(execution.started) == 100
    assert execution.failed


def test_work_in_flight_at_the_end_is_cancelled() -> None:
    body = """
        step.sleep("rest", "1 hour")
        await asyncio.sleep(1)
    """
    assert [event.type for event in run(body).events] == ["start"]
    assert [event.type for event in run(body, finish=True).events] == ["start", "end"]


def test_task_that_refuses_cancellation_is_abandoned() -> None:
    assert not run("""
        async def stubborn():
            while True:
                try:
                    await asyncio.sleep(1)
                except asyncio.CancelledError:
                    pass

        task = asyncio.create_task(stubborn())
        await asyncio.sleep(1)
    """).failed


def test_waiting_takes_virtual_time() -> None:
    execution = run("""
        import time

        begun = time.time()
        await asyncio.sleep(3600)
        time.sleep(3600)
        await step.sleep("a year", "365 days")
        return [time.time() - begun, (datetime.datetime.now() - event["timestamp"]).days]
    """)
    assert execution.result == [2 * 3600 + 365 * 86400, 365]


def test_threads_run_synchronously() -> None:
    assert run("return await asyncio.to_thread(lambda: 1)").result == 1
    assert isinstance(run("await asyncio.to_thread(lambda: 1 / 0)").error, ZeroDivisionError)
