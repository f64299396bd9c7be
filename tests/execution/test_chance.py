"""Runs by chance can be run again."""

from __future__ import annotations

from tests.execution.bodies import run
from tests.execution.chance import fails_by_chance, takes_by_chance
from tests.execution.running import Execution


def one(seed: int) -> Execution:
    body = """
        def declared(name):
            @step.do(name, config={"retries": {"limit": 1, "delay": "1 second"}})
            async def work():
                return name

            return work

        await asyncio.gather(*(declared(name)() for name in "abcde"), return_exceptions=True)
    """
    return run(body, fails=fails_by_chance(seed, 0.5), takes=takes_by_chance(seed, 5))


def test_a_seed_gives_the_same_run_each_time() -> None:
    assert one(1) == one(1)


def test_seeds_give_different_orders_and_failures() -> None:
    ends = {tuple((event.what, event.key) for event in one(seed).events) for seed in range(20)}
    assert len(ends) == 20


def test_the_share_of_failures_is_the_one_asked_for() -> None:
    fails = fails_by_chance(1, 0.25)
    failures = [fails("a", 1, attempt) for attempt in range(1000)]
    assert 200 < sum(failure is not None for failure in failures) < 300
    assert {type(failure).__name__ for failure in failures} == {"NoneType", "ValueError", "TypeError", "KeyError"}
