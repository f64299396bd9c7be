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
    """Return a duration as people say it: text as given, milliseconds in the largest unit that is exact.

    `300000` is `5 minutes`, `90000` is `90 seconds`, `1500` stays `1500 ms`.
    """
    if isinstance(duration, str):
        return duration
    for size, unit in _UNITS:
        if duration > 0 and duration % size == 0:
            return counted(int(duration // size), unit)
    return f"{number_text(duration)} ms"


def is_same_duration(one: object, other: object) -> bool:
    """Tell whether two values are durations that are said in the same words: `60000` and `1 minute`."""
    if not isinstance(one, int | float | str) or not isinstance(other, int | float | str):
        return False
    return duration_text(one) == duration_text(other)


def number_text(number: Number) -> str:
    """Return a number of JSON without a needless fraction: `3`, also for `3.0`."""
    return str(int(number)) if isinstance(number, float) and number.is_integer() else str(number)


def counted(number: Number, noun: str, plural: str = "") -> str:
    """Return `1 step`, `2 steps`."""
    return f"{number_text(number)} {noun if number == 1 else plural or noun + 's'}"
