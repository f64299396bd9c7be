"""Numbers and durations in words."""

from __future__ import annotations

from stepgraph.model.payload import Number

# Months and years are left out: they have no exact number of milliseconds.
_UNITS = (
    (7 * 24 * 60 * 60 * 1000, "week"),
    (24 * 60 * 60 * 1000, "day"),
    (60 * 60 * 1000, "hour"),
    (60 * 1000, "minute"),
    (1000, "second"),
)


def duration_text(duration: Number | str) -> str:
    """Return a duration in words: text unchanged, milliseconds in the largest exact unit.

    `300000` is `5 minutes`, `90000` is `90 seconds`, `1500` stays `1500 ms`.
    """
    if isinstance(duration, str):
        return duration
    for size, unit in _UNITS:
        if duration > 0 and duration % size == 0:
            return counted(int(duration // size), unit)
    return f"{number_text(duration)} ms"


def is_same_duration(first: object, second: object) -> bool:
    """Return whether two values are durations with equal texts, such as `60000` and `1 minute`."""
    if not isinstance(first, int | float | str) or not isinstance(second, int | float | str):
        return False
    return duration_text(first) == duration_text(second)


def number_text(number: Number) -> str:
    """Return a JSON number without a zero fraction: `3` for `3.0`."""
    return str(int(number)) if isinstance(number, float) and number.is_integer() else str(number)


def counted(number: Number, noun: str, plural: str = "") -> str:
    """Return a number with its noun: `1 step`, `2 steps`."""
    return f"{number_text(number)} {noun if number == 1 else plural or noun + 's'}"
