"""Test rules on durations: invalid text, unknown units, limits, and numbers that look like seconds."""

from __future__ import annotations

import pytest

from stepgraph.checks.diagnostic import Severity
from stepgraph.syntax.edits.source_edits import Replacement
from tests.checks.snippets import codes_in, edits_of, only_finding, step_with_config

_TIMEDELTA = "from datetime import timedelta"


def test_invalid_duration_message_and_fix() -> None:
    finding = only_finding('await step.sleep("cool down", "10s")')

    assert finding.message == "invalid duration '10s': this sleep fails."
    assert finding.advice == 'Write "10 seconds".'
    assert [edit.text for edit in edits_of(finding) if isinstance(edit, Replacement)] == ['"10 seconds"']
    assert (finding.span.line, finding.span.column, finding.span.end_column) == (7, 39, 44)


@pytest.mark.parametrize("duration", ['"30 seconds"', '"30s"', "30"])
def test_advice_on_swapped_arguments(duration: str) -> None:
    finding = only_finding(f'await step.sleep({duration}, "nap")')

    assert finding.message == "invalid duration 'nap': this sleep fails."
    assert finding.advice == f'Write `step.sleep("nap", {duration})`.'


def test_unknown_unit_message_and_fix() -> None:
    finding = only_finding("await step.sleep('cool down', '5 min')")

    assert finding.message == "unknown unit `min`: the engine reads '5 min' as 5 milliseconds."
    assert finding.advice == 'Write "5 minutes".'
    assert [edit.text for edit in edits_of(finding) if isinstance(edit, Replacement)] == ["'5 minutes'"]


def test_sleep_without_arguments_has_no_duration() -> None:
    finding = only_finding("await step.sleep()")

    assert finding.code == "SG109"
    assert finding.message == "`step.sleep()` has no duration, so this sleep fails with a TypeError."


@pytest.mark.parametrize(
    ("argument", "example"),
    [("5", '"5 seconds"'), ("'10 seconds'", '"10 seconds"'), ("'5 min'", '"5 minutes"'), ("'pause'", '"10 minutes"')],
)
def test_advice_for_a_sleep_with_one_argument(argument: str, example: str) -> None:
    finding = only_finding(f"await step.sleep({argument})")

    assert finding.advice == f'Pass a name and a duration, as in `step.sleep("cool down", {example})`.'


def test_constant_has_no_fix_at_its_use() -> None:
    finding = only_finding('await step.sleep("cool down", PAUSE)', 'PAUSE = "5 min"')

    assert (finding.code, finding.fix) == ("SG205", None)


def test_unit_m_suggests_minutes() -> None:
    finding = only_finding('await step.sleep("cool down", "5 m")')

    assert finding.message == "the unit `m` means milliseconds: the engine reads '5 m' as 5 milliseconds."
    assert finding.advice == 'Write "5 minutes".'


def test_misspelled_unit_has_advice_but_no_fix() -> None:
    finding = only_finding('await step.sleep("cool down", "5 minuts")')

    assert (finding.advice, finding.fix) == ('Did you mean "5 minutes"?', None)


def test_unknown_unit_is_not_also_out_of_range() -> None:
    assert codes_in('await step.wait_for_event("paid", "paid", timeout="5 min")') == ["SG205"]


@pytest.mark.parametrize("source", ["timedelta(hours=1)", "timedelta(0, 3600)", "timedelta(minutes=30 * 2)", "PAUSE"])
def test_constant_timedelta_is_converted_to_text(source: str) -> None:
    finding = only_finding(f'await step.sleep("cool down", {source})', f"{_TIMEDELTA}\nPAUSE = timedelta(hours=1)")

    assert finding.code == "SG109"
    assert finding.message == f"`{source}` is a timedelta, but the engine takes a string or a number: this sleep fails."
    assert finding.advice == 'Write "1 hour".'


def test_difference_of_datetimes_is_converted() -> None:
    body = """
        due = datetime.fromisoformat(event["payload"]["due"])
        start = datetime.fromisoformat(event["payload"]["start"])
        await step.sleep("cool down", due - start)
    """
    finding = only_finding(body, "from datetime import datetime")

    assert (finding.code, finding.advice) == (
        "SG109",
        "Convert it to milliseconds: `int((due - start).total_seconds() * 1000)`.",
    )


def test_unknown_timedelta_is_converted_to_milliseconds() -> None:
    finding = only_finding('await step.sleep("cool down", timedelta(days=event["payload"]["days"]))', _TIMEDELTA)

    advice = 'Convert it to milliseconds: `int(timedelta(days=event["payload"]["days"]).total_seconds() * 1000)`.'
    assert (finding.code, finding.advice) == ("SG109", advice)


@pytest.mark.parametrize("source", ['""', '" "', "None", '["1 hour"]', '{"hours": 1}', "b'1 hour'", "lambda: 5", "3j"])
def test_values_that_are_neither_text_nor_numbers(source: str) -> None:
    assert codes_in(f'await step.sleep("cool down", {source})') == ["SG109"]


@pytest.mark.parametrize(
    ("source", "description"),
    [
        ("datetime(2030, 1, 1)", "a datetime"),
        ("Half", "a class"),
        ("(hours for hours in [1])", "a generator"),
    ],
)
def test_message_names_the_type_of_the_value(source: str, description: str) -> None:
    before = "from datetime import datetime\n\nclass Half:\n    pass"
    finding = only_finding(f'await step.sleep("cool down", {source})', before)

    assert finding.code == "SG109"
    assert (
        finding.message == f"`{source}` is {description}, but the engine takes a string or a number: this sleep fails."
    )


@pytest.mark.parametrize("source", ['step.sleep("cool down")', "step.sleep(30)"])
def test_missing_duration(source: str) -> None:
    assert codes_in(f"await {source}") == ["SG109"]


def test_duration_by_keyword_is_flagged_as_keyword_only() -> None:
    assert codes_in('await step.sleep(duration="1 hour")') == ["SG119"]


def test_unknown_arguments_may_include_the_duration() -> None:
    assert codes_in('await step.sleep(*event["payload"]["pause"])') == []


@pytest.mark.parametrize("source", ['event["payload"]["pause"]', "pause()", 'f"{amount} {unit}"', 'f"{text}s"'])
def test_unknown_values_are_not_flagged(source: str) -> None:
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
def test_invalid_units_in_f_strings(source: str, code: str) -> None:
    body = f'n = delay_seconds = event["payload"]["n"]\nawait step.sleep("cool down", {source})'

    assert codes_in(body) == [code]


def test_unknown_unit_in_f_string_lists_the_units() -> None:
    finding = only_finding('n = event["payload"]["n"]\nawait step.sleep("cool down", f"{n} fortnights")')

    assert (finding.code, finding.advice) == (
        "SG205",
        "Available: `second`, `minute`, `hour`, `day`, `week`, `month`, `year`.",
    )


@pytest.mark.parametrize("source", ['f"{n} minutes"', 'f"{n} second"', 'f"{n} ms"', 'f"{n} {unit}s"', 'f"{n}"'])
def test_valid_units_in_f_strings(source: str) -> None:
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
def test_each_invalid_duration_in_a_config_is_flagged_once(source: str, code: str) -> None:
    assert codes_in(step_with_config(source), _TIMEDELTA) == [code]


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
def test_valid_durations_in_configs(source: str) -> None:
    assert codes_in(step_with_config(source), "from elsewhere import timeout") == []


def test_year_of_the_engine_exceeds_the_limit() -> None:
    finding = only_finding('await step.sleep("renewal", "1 year")')

    assert finding.code == "SG110"
    assert finding.message == "this sleep is 365.25 days long, but the engine allows at most 365 days: it fails."


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("30", "this timeout is 30 ms, but the engine requires at least 1 second: the wait fails."),
        ('"500 ms"', "this timeout is 500 ms, but the engine requires at least 1 second: the wait fails."),
        ('"53 weeks"', "this timeout is 371 days long, but the engine allows at most 365 days: the wait fails."),
    ],
)
def test_limits_of_wait_timeouts(source: str, message: str) -> None:
    finding = only_finding(f'await step.wait_for_event("paid", "paid", timeout={source})')

    assert (finding.code, finding.message) == ("SG110", message)


def test_timeout_of_0_counts_as_missing() -> None:
    finding = only_finding('await step.wait_for_event("paid", "paid", timeout=0)')

    assert (finding.code, finding.severity) == ("SG110", Severity.WARNING)
    assert finding.message == "the engine ignores the timeout `0`: this waits for 24 hours."


def test_positional_timeout() -> None:
    assert codes_in('await step.wait_for_event("paid", "paid", "10s")') == ["SG109"]


@pytest.mark.parametrize("source", ["-5", '"-5 minutes"', "1e999", "10 ** 60", '"Infinity"'])
def test_limits_of_sleeps(source: str) -> None:
    assert codes_in(f'await step.sleep("cool down", {source})') == ["SG110"]


@pytest.mark.parametrize(
    "source", ["1", "30", "60", "120", "300", "1800 * 2 // 2", "3600", "7200", "86400", "604800", "2592000", '"30"']
)
def test_numbers_that_look_like_seconds(source: str) -> None:
    expected = [] if "//" in source else ["SG206"]

    assert codes_in(f'await step.sleep("cool down", {source})') == expected


@pytest.mark.parametrize("source", ["60 * 60", "24 * 60 * 60", "5 * 60"])
def test_products_of_sixty_look_like_seconds(source: str) -> None:
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
def test_variable_name_indicates_the_unit(name: str, value: int, expected: list[str]) -> None:
    assert codes_in(f'await step.sleep("cool down", {name})', f"{name} = {value}") == expected


def test_message_on_seconds_offers_both_units() -> None:
    finding = only_finding('await step.sleep("cool down", 3600)')

    assert finding.message == "`3600` means milliseconds here, so this sleeps for 3.6 seconds."
    assert finding.advice == 'Write "1 hour" if you mean seconds, or "3600 ms" if you mean milliseconds.'


@pytest.mark.parametrize("source", ["int(pause.total_seconds())", "pause.total_seconds() + 5", "math.ceil(seconds)"])
def test_rounded_seconds_are_seconds(source: str) -> None:
    body = f"""
    pause = timedelta(hours=event["payload"]["hours"])
    seconds = pause.total_seconds()
    await step.sleep("cool down", {source})
    """

    assert codes_in(body, f"import math\n{_TIMEDELTA}") == ["SG206"]


def test_total_seconds_are_not_milliseconds() -> None:
    finding = only_finding(
        'await step.sleep("cool down", PAUSE.total_seconds())', f"{_TIMEDELTA}\nPAUSE = timedelta(hours=1)"
    )

    assert finding.code == "SG206"
    assert finding.message == "`total_seconds()` returns seconds, but the engine reads a number as milliseconds."
    assert finding.advice == "Write `int(PAUSE.total_seconds() * 1000)`."


def test_durations_in_helpers_and_class_attributes() -> None:
    before = """
    class Settings:
        PAUSE = "5 min"

    async def pause(step):
        await step.sleep("cool down", Settings.PAUSE)
    """

    assert codes_in("await pause(step)", before) == ["SG205"]


def test_rebound_name_is_unknown() -> None:
    assert codes_in('pause = "5 min"\npause = "5 minutes"\nawait step.sleep("cool down", pause)') == []


@pytest.mark.parametrize(
    "body",
    [
        "if isinstance(job, (int, str)):\n        await step.sleep('x', job)",
        "if not callable(job):\n        await step.sleep('x', job)",
        "if type(job) is int:\n        await step.sleep('x', job)",
        "match job:\n        case int() | str():\n            await step.sleep('x', job)",
    ],
)
def test_a_function_that_fails_a_type_test_is_no_duration(body: str) -> None:
    assert codes_in(f"for job in [step.do('a')(lambda: 1), 60_000]:\n    {body}") == []


def test_a_function_in_another_tuple_is_no_duration() -> None:
    cases = (
        "case ('do', fn):\n            await fn()\n        case (_, delay):\n            await step.sleep('x', delay)"
    )
    jobs = "[('do', step.do('a')(lambda: 1)), ('wait', 60_000)]"
    assert codes_in(f"for job in {jobs}:\n    match job:\n        {cases}") == []


def test_advice_on_a_variable_that_code_computes_with() -> None:
    body = "delay = 5\nfor row in event['payload']['rows']:\n    await step.sleep('wait', delay)\n    delay *= 2"
    finding = only_finding(body)
    assert finding.advice == "Write `5000` if you mean seconds."
    assert [edit.text for edit in edits_of(finding) if isinstance(edit, Replacement)] == ["5000"]


def test_advice_on_a_timeout_that_code_computes_with() -> None:
    body = "limit = 10\nwhile event['payload']:\n    await step.wait_for_event('w', 'go', limit)\n    limit += 10"
    assert only_finding(body).advice == "Numbers are milliseconds. Write `10000` if you mean seconds."
