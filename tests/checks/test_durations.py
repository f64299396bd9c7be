"""Test how the engine reads durations. Each case was verified with its package, itty-time 2.0.2."""

from __future__ import annotations

import math

import pytest

from stepgraph.durations import (
    DurationText,
    as_float,
    correct_duration,
    expand_unit,
    format_duration,
    is_number,
    parse_duration,
)

_MILLISECONDS = [
    ("1 second", 1_000),
    ("2 seconds", 2_000),
    ("5 minutes", 300_000),
    ("1 hours", 3_600_000),
    ("1.5 hours", 5_400_000),
    (".5 days", 43_200_000),
    ("5. days", 432_000_000),
    ("+5 days", 432_000_000),
    ("-5 minutes", -300_000),
    ("1 week", 604_800_000),
    ("1 month", 2_592_000_000),
    ("1 year", 31_557_600_000),
    ("5  minutes", 300_000),
    ("0x10 seconds", 16_000),
    ("1e3 seconds", 1_000_000),
    ("5000", 5_000),
    (" 5000 ", 5_000),
    ("1e3", 1_000),
    ("0b11", 3),
    ("0x10", 16),
    ("Infinity", math.inf),
    ("", 0),
    (" ", 0),
]

_MILLISECONDS_AS_WRITTEN = [("5 ms", 5), ("500 milliseconds", 500), ("250 msec", 250), ("5 MS", 5), ("1 millis", 1)]

_INVALID = [
    "10s",
    "1.5h",
    "250ms",
    "PT10S",
    "1 hour 30 minutes",
    "1h30m",
    "an hour",
    "five minutes",
    "1,000 seconds",
    "5 minutes ",
    " 5 minutes",
    "5 minutes\n",
    "5\tminutes",
    "5\u00a0minutes",
    "- 5 days",
    "1_000",
    "1_000 seconds",
    "٣ days",
    "5 \u017f",
    "00:05:00",
    "NaN",
    "soon",
]

_UNKNOWN_UNITS = [
    ("5 min", 5, "min"),
    ("5 mins", 5, "mins"),
    ("1 hr", 1, "hr"),
    ("3 hrs", 3, "hrs"),
    ("1 Hour", 1, "Hour"),
    ("10 SECONDS", 10, "SECONDS"),
    ("5 hourS", 5, "hourS"),
    ("5 hourss", 5, "hourss"),
    ("2 sec", 2, "sec"),
    ("1 s", 1, "s"),
    ("5 m", 5, "m"),
    ("2 fortnights", 2, "fortnights"),
]


@pytest.mark.parametrize(("text", "milliseconds"), _MILLISECONDS)
def test_bare_numbers_and_valid_units(text: str, milliseconds: float) -> None:
    read = parse_duration(text)

    assert read is not None
    assert read.milliseconds == milliseconds
    assert read.unit is None


@pytest.mark.parametrize(("text", "milliseconds"), _MILLISECONDS_AS_WRITTEN)
def test_units_of_milliseconds(text: str, milliseconds: float) -> None:
    read = parse_duration(text)

    assert read is not None
    assert (read.milliseconds, read.unit) == (milliseconds, None)


@pytest.mark.parametrize("text", _INVALID)
def test_invalid_text(text: str) -> None:
    assert parse_duration(text) is None


@pytest.mark.parametrize(("text", "milliseconds", "unit"), _UNKNOWN_UNITS)
def test_unknown_units_count_as_milliseconds(text: str, milliseconds: float, unit: str) -> None:
    assert parse_duration(text) == DurationText(milliseconds, text.split(maxsplit=1)[0], unit)


@pytest.mark.parametrize(
    ("unit", "meant"),
    [
        ("min", "minute"),
        ("Mins", "minute"),
        ("m", "minute"),
        ("M", None),
        ("hr", "hour"),
        ("HOURS", "hour"),
        ("s", "second"),
        ("S", "second"),
        ("secs", "second"),
        ("d", "day"),
        ("wks", "week"),
        ("mo", "month"),
        ("yrs", "year"),
        ("fortnights", None),
    ],
)
def test_suggested_units(unit: str, meant: str | None) -> None:
    assert expand_unit(unit) == meant


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("10s", "10 seconds"),
        ("1s", "1 second"),
        ("90m", "90 minutes"),
        ("1.5h", "1.5 hours"),
        ("2d", "2 days"),
        ("250ms", "250 ms"),
        ("10Seconds", "10 seconds"),
        ("5-minutes", "5 minutes"),
        (" 5 minutes ", "5 minutes"),
        ("an hour", "1 hour"),
        ("PT10S", "10 seconds"),
        ("PT1H30M", "90 minutes"),
        ("P1DT2H", "26 hours"),
        ("P2W", "14 days"),
        ("1 hour 30 minutes", "90 minutes"),
        ("1 hour and 30 minutes", "90 minutes"),
        ("1h30m", "90 minutes"),
        ("1 day, 12 hours", "36 hours"),
        ("five minutes", None),
        ("00:05:00", None),
        ("soon", None),
        ("P", None),
        ("3 hours 2 fortnights", None),
    ],
)
def test_suggestions_for_invalid_text(text: str, meant: str | None) -> None:
    assert correct_duration(text) == meant


@pytest.mark.parametrize(
    ("milliseconds", "words"),
    [
        (3_600_000, "1 hour"),
        (5_400_000, "90 minutes"),
        (86_400_000, "1 day"),
        (90_000, "90 seconds"),
        (1_500, "1.5 seconds"),
        (0, "0 seconds"),
    ],
)
def test_durations_in_words(milliseconds: float, words: str) -> None:
    assert format_duration(milliseconds) == words


def test_blank_text_is_not_a_number() -> None:
    assert [is_number(text) for text in ("30", "3e1", "", " ", "30 s")] == [True, True, False, False, False]


def test_overflow_is_infinite() -> None:
    assert [as_float(10**400), as_float(-(10**400))] == [math.inf, -math.inf]


@pytest.mark.parametrize(
    "text",
    [
        "1 a " * 10_000 + "!",
        "1" * 50_000 + "x",
        "1" * 20_000 + " " * 20_000 + "a" * 20_000 + "!",
        "1 day" + " and , " * 10_000 + "!",
        "P" + "1" * 10_000 + "D",
        "9" * 400 + " days 1 hour",
    ],
)
def test_hostile_text_is_invalid(text: str) -> None:
    assert (parse_duration(text), correct_duration(text)) == (None, None)


def test_number_with_many_digits_is_infinite() -> None:
    assert parse_duration("1" * 50_000) == DurationText(math.inf)
