import pytest

from stepgraph.model.payload import Number, StepConfig, StepWaitForEvent
from stepgraph.model.walk import STEP_TYPES
from stepgraph.render.step_types import step_style, step_text
from tests.render.graphs import DEFAULTS, do


def config(**retries: Number | str) -> StepConfig:
    return {"retries": {**DEFAULTS["retries"], **retries}, "timeout": "10 minutes"}  # type: ignore[typeddict-item]


def test_default_settings_are_omitted() -> None:
    assert step_text(do("a")).phrases == ()


@pytest.mark.parametrize(("limit", "words"), [(3, "3 retries"), (1, "1 retry"), (0, "no retries")])
def test_a_custom_retry_limit_is_shown(limit: int, words: str) -> None:
    assert step_text(do("a", config=config(limit=limit))).phrases == (words,)


@pytest.mark.parametrize(("delay", "words"), [(30000, "retry delay 30 seconds"), ("{wait}", "retry delay {wait}")])
def test_a_custom_retry_delay_is_shown(delay: Number | str, words: str) -> None:
    assert step_text(do("a", config=config(delay=delay))).phrases == (words,)


def test_a_custom_backoff_is_shown() -> None:
    assert step_text(do("a", config=config(backoff="linear"))).phrases == ("linear backoff",)


def test_a_custom_timeout_is_shown() -> None:
    assert step_text(do("a", config={**DEFAULTS, "timeout": 7200000})).phrases == ("timeout 2 hours",)


def test_a_sleep_shows_its_duration() -> None:
    assert step_text({"type": "step_sleep", "name": "a", "duration": 300000}).phrases == ("sleep 5 minutes",)


def test_a_sleep_until_shows_its_time() -> None:
    assert step_text({"type": "step_sleep_until", "name": "a", "timestamp": "{tomorrow}"}).phrases == (
        "until {tomorrow}",
    )


def test_a_wait_shows_event_timeout_and_payload() -> None:
    wait: StepWaitForEvent = {
        "type": "step_wait_for_event",
        "name": "a",
        "options": {"event_type": "approval", "timeout": "24 hours"},
        "payload": {"type": "object", "fields": {"by": {"type": "unknown"}}},
    }
    assert step_text(wait).phrases == ("event approval", "timeout 24 hours", "payload: {by}")


def test_a_wait_without_options_is_distinct_from_a_step() -> None:
    assert step_text({"type": "step_wait_for_event", "name": "a"}).phrases == ("event",)


def test_each_step_type_has_its_own_mark_icon_and_words() -> None:
    styles = [step_style(step_type) for step_type in STEP_TYPES]
    for values in zip(*((style.mark, style.icon, style.meaning) for style in styles), strict=True):
        assert len(set(values)) == len(STEP_TYPES), "render/step_types.py describes two step types alike"
