"""Test the parsing of durations."""

from __future__ import annotations

import math

import pytest

from tests.execution.durations import parse_duration


@pytest.mark.parametrize(
    ("duration", "expected"),
    [
        (5, 5),
        ("5", 5),
        (" 5 ", 5),
        ("", 0),
        ("1 second", 1000),
        ("2 seconds", 2000),
        ("  3 seconds", math.nan),
        ("3 seconds ", math.nan),
        ("5  minutes", 300_000),
        ("-1 hour", -3_600_000),
        ("1e3 seconds", 1_000_000),
        ("0x10 seconds", 16_000),
        ("1 year", 31_557_600_000),
        ("1 m", 1),
        ("1 s", 1),
        ("1 ss", 1),
        ("1 hours s", math.nan),
        ("10s", math.nan),
        ("one hour", math.nan),
        ("Infinity", math.inf),
        ("1_000", math.nan),
    ],
)
def test_parse_duration(duration: float | str, expected: float) -> None:
    assert parse_duration(duration) == pytest.approx(expected, nan_ok=True)
