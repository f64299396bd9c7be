"""Test what rules claim about replay and retries, with JavaScript twins of examples on the vendor's engine."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import pytest

from tests.effort import only_in_long_runs
from tests.vendor_engine.engine import Log, VendorEngine, running_engine

pytestmark = [pytest.mark.slow, only_in_long_runs]

_PAST: Final = "You can't sleep until a time in the past, time-traveler"


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[VendorEngine]:
    with running_engine(tmp_path_factory.mktemp("engine")) as running:
        yield running


def rests(log: Log) -> bool:
    """Return whether an instance waits for its event, or for the second attempt of its step."""
    last = log["steps"][-1] if log["steps"] else None
    return last is not None and last["end"] is None and last["type"] in ("waitForEvent", "step")


def ends(log: Log) -> bool:
    return log["status"] in ("complete", "errored")


def pause_and_resume(engine: VendorEngine, instance: str) -> None:
    engine.wait_until(instance, rests)
    engine.set_status(instance, "pause")
    engine.wait_until(instance, lambda log: log["status"] == "paused")
    engine.set_status(instance, "resume")


def final_log(engine: VendorEngine, twin: str) -> Log:
    """Return the log of an instance that has rested, resumed, and received its event."""
    instance = engine.create(twin)
    pause_and_resume(engine, instance)
    engine.send_event(instance, "approved")
    return engine.wait_until(instance, ends)


def sleeps_in(log: Log) -> list[str]:
    return [entry["name"] for entry in log["steps"] if entry["type"] == "sleep"]


def error_of(log: Log) -> str | None:
    return None if log["error"] is None else log["error"]["message"]


@pytest.mark.parametrize("twin", ["timestamp_before_a_wait", "timestamp_before_a_retry"])
def test_resumed_instance_fails_at_a_past_timestamp(engine: VendorEngine, twin: str) -> None:
    instance = engine.create(twin)
    pause_and_resume(engine, instance)
    assert error_of(engine.wait_until(instance, ends)) == _PAST


@pytest.mark.parametrize("twin", ["timestamp_under_a_handler", "duration_from_a_step"])
def test_resumed_instance_does_not_sleep_again(engine: VendorEngine, twin: str) -> None:
    log = final_log(engine, twin)
    assert (log["status"], sleeps_in(log)) == ("complete", ["opening-1"])


def test_resumed_instance_sleeps_again_for_another_duration(engine: VendorEngine) -> None:
    assert sleeps_in(final_log(engine, "random_duration")) == ["pause-1", "pause-1"]


def test_sleep_until_a_fixed_time_that_has_passed_ends_at_once(engine: VendorEngine) -> None:
    log = final_log(engine, "duration_until_a_fixed_time")
    assert (log["status"], sleeps_in(log)) == ("complete", ["opening-1", "opening-1"])


def test_delay_function_receives_one_argument(engine: VendorEngine) -> None:
    log = engine.wait_until(engine.create("delay_function"), ends)
    assert (log["status"], len(log["steps"][0].get("attempts", []))) == ("complete", 2)


def test_failing_delay_function_ends_the_step(engine: VendorEngine) -> None:
    log = engine.wait_until(engine.create("delay_function_without_parameters"), ends)
    message = 'NonRetryableDelayError: The delay function for step "flaky-1" threw an error: delay() takes 0 positional'
    assert (error_of(log) or "").startswith(message)
    assert len(log["steps"][0].get("attempts", [])) == 1
