import pytest

from stepgraph.model.payload import Number, Shape, StepConfig, StepWaitForEvent
from stepgraph.render.node_text import clock_text, payload_text, step_phrases
from tests.render.graphs import DEFAULTS, do


def config(**retries: Number | str) -> StepConfig:
    return {"retries": {**DEFAULTS["retries"], **retries}, "timeout": "10 minutes"}  # type: ignore[typeddict-item]


def test_default_settings_are_omitted() -> None:
    assert step_phrases(do("a")) == ()


@pytest.mark.parametrize(("limit", "words"), [(3, "3 retries"), (1, "1 retry"), (0, "no retries")])
def test_a_custom_retry_limit_is_shown(limit: int, words: str) -> None:
    assert step_phrases(do("a", config=config(limit=limit))) == (words,)


@pytest.mark.parametrize(("delay", "words"), [(30000, "retry delay 30 seconds"), ("{wait}", "retry delay {wait}")])
def test_a_custom_retry_delay_is_shown(delay: Number | str, words: str) -> None:
    assert step_phrases(do("a", config=config(delay=delay))) == (words,)


def test_a_custom_backoff_is_shown() -> None:
    assert step_phrases(do("a", config=config(backoff="linear"))) == ("linear backoff",)


def test_a_custom_timeout_is_shown() -> None:
    assert step_phrases(do("a", config={**DEFAULTS, "timeout": 7200000})) == ("timeout 2 hours",)


def test_a_sleep_shows_its_duration() -> None:
    assert step_phrases({"type": "step_sleep", "name": "a", "duration": 300000}) == ("sleep 5 minutes",)


def test_a_sleep_until_shows_its_time() -> None:
    assert step_phrases({"type": "step_sleep_until", "name": "a", "timestamp": "{tomorrow}"}) == ("until {tomorrow}",)


def test_a_wait_shows_event_timeout_and_payload() -> None:
    wait: StepWaitForEvent = {
        "type": "step_wait_for_event",
        "name": "a",
        "options": {"event_type": "approval", "timeout": "24 hours"},
        "payload": {"type": "object", "fields": {"by": {"type": "unknown"}}},
    }
    assert step_phrases(wait) == ("event approval", "timeout 24 hours", "payload: {by}")


def test_a_wait_without_options_is_distinct_from_a_step() -> None:
    assert step_phrases({"type": "step_wait_for_event", "name": "a"}) == ("event",)


@pytest.mark.parametrize(
    ("starts", "resolves", "clock"),
    [(1, 2, "[1→2]"), (1, None, "[1→]"), (None, 2, "[→2]"), (0, 1.0, "[0→1]"), (None, None, "")],
)
def test_clock_text_shows_start_and_end(starts: Number | None, resolves: Number | None, clock: str) -> None:
    assert clock_text(do("a", starts=starts, resolves=resolves)) == clock


UNKNOWN: Shape = {"type": "unknown"}


@pytest.mark.parametrize(
    ("shape", "text"),
    [
        (UNKNOWN, "payload: unknown"),
        ({"type": "object", "fields": {}}, "payload: {}"),
        (
            {
                "type": "object",
                "fields": {
                    "order": {"type": "object", "fields": {"id": UNKNOWN, "n": UNKNOWN}},
                    "note": UNKNOWN,
                },
            },
            "payload: {order: {id, n}, note}",
        ),
        ({"type": "object", "fields": {"a b": UNKNOWN, "": UNKNOWN}}, 'payload: {"a b", ""}'),
    ],
)
def test_a_payload_is_one_line(shape: Shape, text: str) -> None:
    assert payload_text(shape) == text


def test_a_deep_payload_exceeds_the_recursion_limit() -> None:
    shape: Shape = UNKNOWN
    for _ in range(5000):
        shape = {"type": "object", "fields": {"a": shape}}
    assert payload_text(shape) == "payload: " + "{a: " * 4999 + "{a" + "}" * 5000
