"""Test that random runs are reproducible."""

from __future__ import annotations

from tests.execution.random_outcomes import random_durations, random_failures
from tests.execution.run_body import run
from tests.execution.runner import Execution


def run_seed(seed: int) -> Execution:
    body = """
        def declared(name):
            @step.do(name, config={"retries": {"limit": 1, "delay": "1 second"}})
            async def work():
                return name

            return work

        await asyncio.gather(*(declared(name)() for name in "abcde"), return_exceptions=True)
    """
    return run(body, fails=random_failures(seed, 0.5), takes=random_durations(seed, 5))


def test_same_seed_same_run() -> None:
    assert run_seed(1) == run_seed(1)


def test_seeds_vary_order_and_failures() -> None:
    ends = {tuple((event.type, event.key) for event in run_seed(seed).events) for seed in range(20)}
    assert len(ends) == 20


def test_share_of_failures() -> None:
    fails = random_failures(1, 0.25)
    failures = [fails("a", 1, attempt) for attempt in range(1000)]
    assert 200 < sum(failure is not None for failure in failures) < 300
    assert {type(failure).__name__ for failure in failures} == {"NoneType", "ValueError", "TypeError", "KeyError"}
