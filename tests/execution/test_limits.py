"""Every run ends."""

from __future__ import annotations

import pytest

from tests.execution.bodies import run
from tests.execution.limits import EngineLimit


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
def test_a_run_without_an_end_is_stopped(body: str) -> None:
    assert isinstance(run(body, seconds=0.2).error, EngineLimit)


def test_steps_without_an_end_meet_the_limit_of_steps() -> None:
    execution = run("while True: await step.do('again')(lambda: 1)()", step_limit=100)
    assert len(execution.started) == 100
    assert execution.failed


def test_what_is_under_way_when_the_run_is_over_is_cut_off() -> None:
    body = """
        step.sleep("rest", "1 hour")
        await asyncio.sleep(1)
    """
    assert [event.what for event in run(body).events] == ["start"]
    assert [event.what for event in run(body, finish=True).events] == ["start", "end"]


def test_a_task_that_will_not_be_cancelled_is_left() -> None:
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


def test_time_that_a_run_waits_is_virtual() -> None:
    execution = run("""
        import time

        begun = time.time()
        await asyncio.sleep(3600)
        time.sleep(3600)
        await step.sleep("a year", "365 days")
        return [time.time() - begun, (datetime.datetime.now() - event["timestamp"]).days]
    """)
    assert execution.result == [2 * 3600 + 365 * 86400, 365]


def test_threads_run_on_the_spot() -> None:
    assert run("return await asyncio.to_thread(lambda: 1)").result == 1
    assert isinstance(run("await asyncio.to_thread(lambda: 1 / 0)").error, ZeroDivisionError)
