"""Durations as workflows give them: invalid ones, unknown units, bounds, and numbers that look like seconds."""

from __future__ import annotations

import pytest

from stepgraph.checks.diagnostic import Severity
from stepgraph.syntax.edits import Replacement
from tests.checks.bodies import codes_in, configured, only

_TIMEDELTA = "from datetime import timedelta"


def test_the_message_on_an_invalid_duration_says_what_comes_of_it_and_what_to_write() -> None:
    found = only('await step.sleep("cool down", "10s")')

    assert found.message == "the engine cannot read '10s' as a duration, so this sleep fails."
    assert found.advice == 'Write "10 seconds".'
    assert [edit.text for edit in found.edits if isinstance(edit, Replacement)] == ['"10 seconds"']
    assert (found.span.line, found.span.column, found.span.end_column) == (7, 39, 44)


def test_the_message_on_an_unknown_unit_says_how_long_it_really_is() -> None:
    found = only("await step.sleep('cool down', '5 min')")

    assert found.message == "`min` is no unit to the engine, which takes '5 min' for 5 milliseconds."
    assert found.advice == 'Write "5 minutes".'
    assert [edit.text for edit in found.edits if isinstance(edit, Replacement)] == ["'5 minutes'"]


def test_a_constant_is_not_edited_where_it_is_used() -> None:
    found = only('await step.sleep("cool down", PAUSE)', 'PAUSE = "5 min"')

    assert (found.code, found.edits) == ("SG205", ())


def test_the_one_who_writes_m_means_minutes() -> None:
    found = only('await step.sleep("cool down", "5 m")')

    assert found.message == "`m` is milliseconds to the engine, which takes '5 m' for 5 milliseconds."
    assert found.advice == 'Write "5 minutes".'


def test_a_slip_in_a_unit_is_advised_on_and_not_edited() -> None:
    found = only('await step.sleep("cool down", "5 minuts")')

    assert (found.advice, found.edits) == ('Write "5 minutes" if that is meant.', ())


def test_a_unit_that_is_unknown_is_no_matter_of_bounds() -> None:
    assert codes_in('await step.wait_for_event("paid", "paid", timeout="5 min")') == ["SG205"]


@pytest.mark.parametrize("source", ["timedelta(hours=1)", "timedelta(0, 3600)", "timedelta(minutes=30 * 2)", "PAUSE"])
def test_a_timedelta_of_constants_is_said_in_words(source: str) -> None:
    found = only(f'await step.sleep("cool down", {source})', f"{_TIMEDELTA}\nPAUSE = timedelta(hours=1)")

    assert found.code == "SG109"
    assert found.message == f"`{source}` is a timedelta, and the engine takes text or a number, so this sleep fails."
    assert found.advice == 'Write "1 hour".'


def test_a_timedelta_that_is_not_known_is_to_be_in_milliseconds() -> None:
    found = only('await step.sleep("cool down", timedelta(days=event["payload"]["days"]))', _TIMEDELTA)

    advice = 'Write its milliseconds, `int(timedelta(days=event["payload"]["days"]).total_seconds() * 1000)`.'
    assert (found.code, found.advice) == ("SG109", advice)


@pytest.mark.parametrize("source", ['""', '" "', "None", '["1 hour"]', '{"hours": 1}', "b'1 hour'", "lambda: 5", "3j"])
def test_what_is_neither_text_nor_a_number_is_no_sleep(source: str) -> None:
    assert codes_in(f'await step.sleep("cool down", {source})') == ["SG109"]


@pytest.mark.parametrize(
    ("source", "what"),
    [
        ("datetime(2030, 1, 1)", "a datetime"),
        ("Half", "a class"),
        ("(hours for hours in [1])", "a generator"),
    ],
)
def test_what_is_given_in_place_of_a_duration_is_named(source: str, what: str) -> None:
    before = "from datetime import datetime\n\nclass Half:\n    pass"
    found = only(f'await step.sleep("cool down", {source})', before)

    assert found.code == "SG109"
    assert found.message == f"`{source}` is {what}, and the engine takes text or a number, so this sleep fails."


@pytest.mark.parametrize("source", ['step.sleep("cool down")', "step.sleep(30)"])
def test_a_sleep_needs_a_duration(source: str) -> None:
    assert codes_in(f"await {source}") == ["SG109"]


def test_a_duration_by_keyword_is_told_of_as_a_keyword_alone() -> None:
    assert codes_in('await step.sleep(duration="1 hour")') == ["SG119"]


def test_arguments_that_are_not_known_may_hold_the_duration() -> None:
    assert codes_in('await step.sleep(*event["payload"]["pause"])') == []


@pytest.mark.parametrize("source", ['event["payload"]["pause"]', "pause()", 'f"{amount} {unit}"', 'f"{text}s"'])
def test_what_is_not_known_is_no_fault(source: str) -> None:
    assert codes_in(f'await step.sleep("cool down", {source})', "from elsewhere import amount, pause, text, unit") == []


@pytest.mark.parametrize(
    ("source", "code"),
    [
        ('f"{2 ** n}s"', "SG109"),
        ('f"{int(n)}min"', "SG109"),
        ('f"{n:.0f}s"', "SG109"),
        ('f"{delay_seconds}s"', "SG109"),
        ('f"{n} min"', "SG205"),
        ('f"{n} Hours"', "SG205"),
        ('str(n) + " hrs"', "SG205"),
    ],
)
def test_the_unit_of_text_that_is_made_can_be_wrong(source: str, code: str) -> None:
    body = f'n = delay_seconds = event["payload"]["n"]\nawait step.sleep("cool down", {source})'

    assert codes_in(body) == [code]


def test_a_unit_of_text_that_is_made_and_near_to_none_is_told_which_there_are() -> None:
    found = only('n = event["payload"]["n"]\nawait step.sleep("cool down", f"{n} fortnights")')

    assert (found.code, found.advice) == (
        "SG205",
        "Write second, minute, hour, day, week, month or year, in lower case.",
    )


@pytest.mark.parametrize("source", ['f"{n} minutes"', 'f"{n} second"', 'f"{n} ms"', 'f"{n} {unit}s"', 'f"{n}"'])
def test_the_unit_of_text_that_is_made_can_be_right(source: str) -> None:
    assert codes_in(f'n = unit = event["payload"]["n"]\nawait step.sleep("cool down", {source})') == []


@pytest.mark.parametrize(
    ("source", "code"),
    [
        ('{"timeout": "10s"}', "SG109"),
        ('{"timeout": timedelta(minutes=1)}', "SG109"),
        ('{"timeout": ""}', "SG109"),
        ('{"retries": {"limit": 1, "delay": "PT1S"}}', "SG109"),
        ('{"retries": {"limit": 1, "delay": ["1 second"]}}', "SG109"),
        ('{"timeout": 0}', "SG110"),
        ('{"timeout": "0"}', "SG110"),
        ('{"timeout": "0 seconds"}', "SG110"),
        ('{"timeout": -1}', "SG110"),
        ('{"retries": {"limit": 1, "delay": "-5 seconds"}}', "SG110"),
        ('{"retries": {"limit": 1, "delay": -5}}', "SG108"),
        ('{"timeout": "5 mins"}', "SG205"),
        ('{"timeout": 30}', "SG206"),
        ('{"retries": {"limit": 1, "delay": 10}}', "SG206"),
        ('{"timeout": "31 minutes"}', "SG309"),
    ],
)
def test_each_fault_of_a_duration_in_a_config_is_found_once(source: str, code: str) -> None:
    assert codes_in(configured(source), _TIMEDELTA) == [code]


@pytest.mark.parametrize(
    "source",
    [
        '{"timeout": "30 minutes"}',
        '{"timeout": 500}',
        '{"retries": {"limit": 1, "delay": 120}}',
        '{"retries": {"limit": 1, "delay": 0}}',
        '{"retries": {"limit": 1, "delay": lambda attempt: 1000}}',
        '{"timeout": timeout()}',
    ],
)
def test_a_duration_in_a_config_may_be_right(source: str) -> None:
    assert codes_in(configured(source), "from elsewhere import timeout") == []


def test_a_year_of_the_engine_is_longer_than_it_allows() -> None:
    found = only('await step.sleep("renewal", "1 year")')

    assert found.code == "SG110"
    assert found.message == "this sleep is 365.25 days long, and the engine allows 365 days, so it fails."


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("30", "this timeout is 30 ms, and the engine wants at least 1 second, so the wait fails."),
        ('"500 ms"', "this timeout is 500 ms, and the engine wants at least 1 second, so the wait fails."),
        ('"53 weeks"', "this timeout is 371 days long, and the engine allows 365 days, so the wait fails."),
    ],
)
def test_a_wait_has_bounds(source: str, message: str) -> None:
    found = only(f'await step.wait_for_event("paid", "paid", timeout={source})')

    assert (found.code, found.message) == ("SG110", message)


def test_a_timeout_of_0_is_none_and_does_not_fail() -> None:
    found = only('await step.wait_for_event("paid", "paid", timeout=0)')

    assert (found.code, found.severity) == ("SG110", Severity.WARNING)
    assert found.message == "the timeout `0` counts as none given, so this waits for 24 hours."


def test_a_timeout_may_stand_in_the_third_place() -> None:
    assert codes_in('await step.wait_for_event("paid", "paid", "10s")') == ["SG109"]


@pytest.mark.parametrize("source", ["-5", '"-5 minutes"', "1e999", "10 ** 60", '"Infinity"'])
def test_a_sleep_has_bounds(source: str) -> None:
    assert codes_in(f'await step.sleep("cool down", {source})') == ["SG110"]


@pytest.mark.parametrize(
    "source", ["1", "30", "60", "120", "300", "1800 * 2 // 2", "3600", "7200", "86400", "604800", "2592000", '"30"']
)
def test_numbers_that_look_like_seconds(source: str) -> None:
    expected = [] if "//" in source else ["SG206"]

    assert codes_in(f'await step.sleep("cool down", {source})') == expected


@pytest.mark.parametrize("source", ["60 * 60", "24 * 60 * 60", "5 * 60"])
def test_products_of_sixty_are_seconds(source: str) -> None:
    assert codes_in(f'await step.sleep("cool down", {source})') == ["SG206"]


@pytest.mark.parametrize(
    "source", ["0", "100", "250", "500", "750", "1000", "5000", "10_000", "36_000", "3_600_000", "2.5", "60 * 1000"]
)
def test_numbers_that_may_be_milliseconds(source: str) -> None:
    assert codes_in(f'await step.sleep("cool down", {source})') == []


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("PAUSE", 30, ["SG206"]),
        ("PAUSE_SECONDS", 450, ["SG206"]),
        ("pauseSeconds", 450, ["SG206"]),
        ("PAUSE_MS", 30, []),
        ("pauseMs", 30, []),
        ("PAUSE_MILLIS", 3600, []),
        ("SECONDS", 1000, []),
        ("HOURS", 3_600_000, []),
        ("MIN_PAUSE", 450, []),
    ],
)
def test_a_name_says_what_a_number_is_in(name: str, value: int, expected: list[str]) -> None:
    assert codes_in(f'await step.sleep("cool down", {name})', f"{name} = {value}") == expected


def test_the_message_on_seconds_leaves_both_ways_open() -> None:
    found = only('await step.sleep("cool down", 3600)')

    assert found.message == "a number is milliseconds, so this sleep is 3.6 seconds."
    assert found.advice == 'Write "1 hour" if seconds are meant, and "3600 ms" if not.'


@pytest.mark.parametrize("source", ["int(pause.total_seconds())", "pause.total_seconds() + 5", "math.ceil(seconds)"])
def test_seconds_are_seconds_when_they_are_rounded(source: str) -> None:
    body = f"""
    pause = timedelta(hours=event["payload"]["hours"])
    seconds = pause.total_seconds()
    await step.sleep("cool down", {source})
    """

    assert codes_in(body, f"import math\n{_TIMEDELTA}") == ["SG206"]


def test_total_seconds_are_no_milliseconds() -> None:
    found = only('await step.sleep("cool down", PAUSE.total_seconds())', f"{_TIMEDELTA}\nPAUSE = timedelta(hours=1)")

    assert found.code == "SG206"
    assert found.message == "`total_seconds()` gives seconds, and the engine takes a number for milliseconds."
    assert found.advice == "Write `int(PAUSE.total_seconds() * 1000)`."


def test_a_duration_is_found_in_a_helper_and_on_a_class() -> None:
    before = """
    class Settings:
        PAUSE = "5 min"

    async def pause(step):
        await step.sleep("cool down", Settings.PAUSE)
    """

    assert codes_in("await pause(step)", before) == ["SG205"]


def test_a_name_that_is_bound_twice_is_not_known() -> None:
    assert codes_in('pause = "5 min"\npause = "5 minutes"\nawait step.sleep("cool down", pause)') == []
