"""Test validation, retries and limits of the fake engine."""

from __future__ import annotations

import pytest

from tests.execution.engine import EngineEvent
from tests.execution.run_body import run

INVALID = "is invalid"


def with_config(config: str, result: str = "1") -> str:
    return f"""
        @step.do("a", config={config})
        async def a():
            return {result}

        return await a()
    """


@pytest.mark.parametrize("name", ["", "x" * 256, "\U0001f600" * 128, "ä b", "a\x7f"])
def test_valid_step_names(name: str) -> None:
    execution = run(f"await step.do({name!r})(lambda: 1)()")
    assert execution.started == [f"{name}-1"]
    assert not execution.failed


@pytest.mark.parametrize("name", ["x" * 257, "\U0001f600" * 129, "a\nb", "a\tb", "\0"])
def test_invalid_step_names(name: str) -> None:
    execution = run(f"await step.do({name!r})(lambda: 1)()")
    assert "too long or has control characters" in str(execution.error)
    assert execution.started == []


@pytest.mark.parametrize(
    "config",
    [
        "{}",
        "None",
        '{"retries": {"limit": 0, "delay": 0}}',
        '{"retries": {"limit": 2, "delay": "1 second", "backoff": "constant"}}',
        '{"retries": {"limit": 1.5, "delay": 1.5, "backoff": "linear"}}',
        '{"retries": {"limit": 1, "delay": lambda failure: 5}}',
        '{"retries": None}',
        '{"timeout": "5 minutes"}',
        '{"timeout": 1}',
        '{"timeout": "0 seconds"}',
        '{"timeout": "5 min"}',
        '{"sensitive": "output"}',
        '{"sensitive": None}',
    ],
)
def test_valid_step_configs(config: str) -> None:
    assert run(with_config(config)).result == 1


@pytest.mark.parametrize(
    "config",
    [
        '{"retry": {"limit": 1, "delay": 1}}',
        '{"retries": {"limit": 1}}',
        '{"retries": {"delay": 1}}',
        '{"retries": {"limit": 1, "delay": None}}',
        '{"retries": {"limit": -1, "delay": 1}}',
        '{"retries": {"limit": "1", "delay": 1}}',
        '{"retries": {"limit": True, "delay": 1}}',
        '{"retries": {"limit": 10001, "delay": 1}}',
        '{"retries": {"limit": float("inf"), "delay": 1}}',
        '{"retries": {"limit": 1, "delay": -1}}',
        '{"retries": {"limit": 1, "delay": "10s"}}',
        '{"retries": {"limit": 1, "delay": "PT10S"}}',
        '{"retries": {"limit": 1, "delay": "1 hour 30 minutes"}}',
        '{"retries": {"limit": 1, "delay": 1, "backoff": "quadratic"}}',
        '{"retries": {"limit": 1, "delay": 1, "factor": 2}}',
        '{"retries": 3}',
        '{"timeout": 0}',
        '{"timeout": "0"}',
        '{"timeout": ""}',
        '{"timeout": -1}',
        '{"timeout": "10s"}',
        '{"timeout": True}',
        '{"sensitive": True}',
        "[]",
        '"10 minutes"',
    ],
)
def test_invalid_step_configs(config: str) -> None:
    execution = run(with_config(config))
    assert str(execution.error).endswith(INVALID)
    assert execution.started == []


@pytest.mark.parametrize(
    "config",
    [
        '{"timeout": datetime.timedelta(minutes=5)}',
        '{"retries": {"limit": 1, "delay": datetime.timedelta(seconds=1)}}',
    ],
)
def test_timedelta_in_config_cannot_be_cloned(config: str) -> None:
    execution = run(with_config(config))
    assert str(execution.error) == "DataCloneError: timedelta could not be serialized."
    assert execution.started == []


def test_timeout_of_none_fails_each_attempt() -> None:
    execution = run(with_config('{"timeout": None}'))
    assert isinstance(execution.error, TypeError)
    assert [event.type for event in execution.events] == ["start", *["retry"] * 5, "fail"]


@pytest.mark.parametrize(
    ("retries", "attempts"),
    [
        (None, [0, 1, 3, 7, 15, 31]),
        ('{"limit": 3, "delay": "2 seconds"}', [0, 2, 6, 14]),
        ('{"limit": 3, "delay": 2000, "backoff": "linear"}', [0, 2, 6, 12]),
        ('{"limit": 3, "delay": 2000, "backoff": "constant"}', [0, 2, 4, 6]),
        ('{"limit": 3, "delay": 2000, "backoff": None}', [0, 2, 4, 6]),
        ('{"limit": 1, "delay": lambda failure: failure.ctx.attempt * 7000, "backoff": "constant"}', [0, 7]),
        ('{"limit": 0, "delay": 2000}', [0]),
    ],
)
def test_retry_delays(retries: str | None, attempts: list[int]) -> None:
    execution = run(with_config(f'{{"retries": {retries}}}' if retries else "{}", "1 / 0"))
    assert [event.at for event in execution.events if event.type in ("start", "retry")] == attempts
    assert execution.events[-1] == EngineEvent("fail", "step_do", "a-1", attempts[-1])
    assert execution.failed


def test_context_counts_attempts_from_1() -> None:
    execution = run("""
        @step.do("flaky", config={"retries": {"limit": 2, "delay": "1 minute"}, "timeout": 5})
        async def flaky(ctx):
            if ctx["attempt"] < 3:
                raise ValueError("not yet")
            return [ctx["attempt"], ctx["step"]["name"], ctx["step"]["count"], ctx["config"]]

        await step.do("flaky")(lambda: 1)()
        return await flaky()
    """)
    assert execution.result == [
        3,
        "flaky",
        2,
        {"timeout": 5, "retries": {"limit": 2, "delay": "1 minute", "backoff": "exponential"}},
    ]


def test_injected_failures() -> None:
    calls = []

    def fails(name: str, count: int, attempt: int) -> Exception | None:
        calls.append((name, count, attempt))
        return ValueError("injected") if attempt == 1 else None

    assert run(with_config("None"), fails=fails).result == 1
    assert calls == [("a", 1, 1), ("a", 1, 2)]


def test_attempt_continues_after_its_timeout() -> None:
    execution = run("""
        done = []

        @step.do("slow", config={"retries": {"limit": 0, "delay": 0}, "timeout": "1 minute"})
        async def slow():
            await asyncio.sleep(90)
            done.append(1)

        try:
            await slow()
        except JsException as error:
            await asyncio.sleep(60)
            return [str(error), done]
    """)
    assert execution.result == ["Error: Execution timed out after 60000ms", [1]]
    assert [(event.type, event.at) for event in execution.events] == [("start", 0), ("fail", 60)]


def test_steps_are_counted_by_name() -> None:
    execution = run("""
        for name in ("a", "b", "a"):
            await step.do(name)(lambda: 1)()
    """)
    assert execution.started == ["a-1", "b-1", "a-2"]


def test_sleeps_are_counted_by_name_and_duration() -> None:
    execution = run("""
        for duration in (1, 2, 1, "2"):
            await step.sleep("pause", duration)
    """)
    assert execution.started == ["pause-1", "pause-1", "pause-2", "pause-2"]


def test_step_limit_counts_do_only() -> None:
    body = """
        for n in range(3):
            await step.sleep("pause", 1)
            await step.do("a")(lambda: n)()
    """
    assert not run(body, step_limit=3).failed
    assert "limit of 2 steps" in str(run(body, step_limit=2).error)


@pytest.mark.parametrize(
    ("duration", "seconds"),
    [
        ("1000", 1),
        ("'1000'", 1),
        ("1.5", 0.0015),
        ("'10 seconds'", 10),
        ("'1 minute'", 60),
        ("'2 hours'", 7200),
        ("'1 day'", 86400),
        ("'1 weeks'", 604800),
        ("'1 month'", 2592000),
        ("'5 min'", 0.005),
        ("'1 hr'", 0.001),
        ("'1 Hour'", 0.001),
        ("'1.5 hours'", 5400),
        ("'365 days'", 31536000),
        ("''", 0),
        ("-5", 0),
    ],
)
def test_sleep_durations(duration: str, seconds: float) -> None:
    execution = run(f'await step.sleep("pause", {duration})')
    assert not execution.failed
    assert execution.events[-1] == EngineEvent("end", "step_sleep", "pause-1", seconds)


@pytest.mark.parametrize(
    "duration",
    ["'10s'", "'PT10S'", "'1 hour 30 minutes'", "'soon'", "None", "'1 year'", "'366 days'", "datetime.timedelta(1)"],
)
def test_invalid_sleep_durations(duration: str) -> None:
    execution = run(f'await step.sleep("pause", {duration})')
    assert execution.failed
    assert execution.started == []


@pytest.mark.parametrize(
    "timestamp",
    [
        "datetime.datetime(2026, 7, 1, 13, tzinfo=datetime.UTC)",
        "datetime.datetime.now(datetime.UTC) + datetime.timedelta(hours=1)",
        "datetime.datetime.now() + datetime.timedelta(hours=1)",
        "1782910800000",
    ],
)
def test_valid_sleep_until_timestamps(timestamp: str) -> None:
    execution = run(f'await step.sleep_until("pause", {timestamp})')
    assert not execution.failed
    assert execution.events[-1] == EngineEvent("end", "step_sleep_until", "pause-1", 3600)


@pytest.mark.parametrize(
    "timestamp",
    [
        "'2026-07-01T13:00:00Z'",
        "'1 hour'",
        "datetime.datetime(2026, 7, 1, 11, tzinfo=datetime.UTC)",
        "1782910800",
        "datetime.date(2026, 7, 2)",
        "datetime.timedelta(hours=1)",
        "datetime.datetime(2028, 1, 1)",
    ],
)
def test_invalid_sleep_until_timestamps(timestamp: str) -> None:
    execution = run(f'await step.sleep_until("pause", {timestamp})')
    assert execution.failed
    assert execution.started == []
