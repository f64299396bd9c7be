"""Durations as the engine reads them: a number is milliseconds, text is a number and a unit.

Text that is a number to JavaScript is milliseconds too. Other text must be a number, spaces and one word, which may end
in `s`; a word that is no unit stands for milliseconds, without a complaint (package `itty-time`, function `ms`).
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from typing import Final

from msgspec import Struct

SECOND: Final = 1_000
MINUTE: Final = 60 * SECOND
HOUR: Final = 60 * MINUTE
DAY: Final = 24 * HOUR

UNITS: Final = {
    "second": SECOND,
    "minute": MINUTE,
    "hour": HOUR,
    "day": DAY,
    "week": 7 * DAY,
    "month": 30 * DAY,
    "year": 365.25 * DAY,
}

# What people write for a unit, in lower case and without an `s` at its end.
_ABBREVIATIONS: Final = {
    **{unit: unit for unit in UNITS},
    **dict.fromkeys(("", "sec"), "second"),
    **dict.fromkeys(("m", "min", "mn"), "minute"),
    **dict.fromkeys(("h", "hr"), "hour"),
    "d": "day",
    **dict.fromkeys(("w", "wk"), "week"),
    **dict.fromkeys(("mo", "mon", "mth"), "month"),
    **dict.fromkeys(("y", "yr"), "year"),
}
# Units that are no units to the engine, and mean what it takes them for.
_MILLISECONDS: Final = frozenset(["ms", "msec", "msecs", "milli", "millis", "millisec", "millisecond", "milliseconds"])

_DECIMAL: Final = re.compile(r"[+-]?(?:Infinity|(?:\d++(?:\.\d*+)?|\.\d++)(?:[eE][+-]?\d++)?)", re.ASCII)
_PREFIXED: Final = re.compile(r"0[xX][0-9a-fA-F]+|0[oO][0-7]+|0[bB][01]+", re.ASCII)
_NUMBER_AND_UNIT: Final = re.compile(r"([^ ]+) +(\w\w*?)s?", re.ASCII)

_PART: Final = re.compile(r"(\d++(?:\.\d++)?|an?\b)[ _-]?+\s*+([a-z]++)", re.ASCII)
_SEPARATORS: Final = re.compile(r"(?:\s|,|\band\b)*+", re.ASCII)
_ISO: Final = re.compile(
    r"P(?:(?P<week>\d+)W)?(?:(?P<day>\d+)D)?(?:T(?:(?P<hour>\d+)H)?(?:(?P<minute>\d+)M)?(?:(?P<second>\d+)S)?)?",
    re.ASCII,
)


class DurationText(Struct, frozen=True):
    """A text that the engine takes for a duration, of so many milliseconds.

    `number` and `unit` are what it is written as. The unit is None where it is one that the engine knows, or there is
    none, or it means milliseconds.
    """

    milliseconds: float
    number: str = ""
    unit: str | None = None


def read_duration(text: str) -> DurationText | None:
    """Return what the engine makes of a text, None where that is no number: the duration is invalid."""
    number = _number(text)
    if number is not None:
        return DurationText(number)
    match = _NUMBER_AND_UNIT.fullmatch(text)
    amount = _number(match[1]) if match else None
    if match is None or amount is None:
        return None
    known = UNITS.get(match[2])
    if known is not None:
        return DurationText(amount * known, match[1])
    written = text[match.start(2) :]
    return DurationText(amount, match[1], None if _means_milliseconds(written) else written)


def _means_milliseconds(unit: str) -> bool:
    """A lone `m` is milliseconds to the engine, and minutes to everybody else."""
    return unit.lower() in _MILLISECONDS


def _number(text: str) -> float | None:
    """Return what JavaScript's `Number` makes of a text, None where that is not a number. Blank text is 0."""
    stripped = text.strip()
    if not stripped:
        return 0.0
    if _DECIMAL.fullmatch(stripped):
        return float(stripped)
    return as_float(int(stripped, 0)) if _PREFIXED.fullmatch(stripped) else None


def as_float(number: float) -> float:
    """Return a number as JavaScript has it: one that is too large is infinite."""
    try:
        return float(number)
    except OverflowError:
        return math.inf if number > 0 else -math.inf


def is_number(text: str) -> bool:
    """Whether a text is a number alone, which is milliseconds."""
    return bool(text.strip()) and _number(text) is not None


def is_unit(unit: str) -> bool:
    """Whether the engine takes a unit for what it says: it knows it, or it means milliseconds."""
    return unit.removesuffix("s") in UNITS or _means_milliseconds(unit)


def unit_meant(unit: str) -> str | None:
    """Return the unit that is meant by what is written, None where that is not certain."""
    # `5 M` may be minutes or months.
    return None if unit == "M" else _ABBREVIATIONS.get(_singular(unit))


def _singular(unit: str) -> str:
    return unit.lower().removesuffix("s")


def in_unit(number: str, unit: str) -> str:
    """Return a duration as the engine reads it: `1 hour`, `2 hours`."""
    return f"{number} {unit}" if _number(number) == 1 else f"{number} {unit}s"


def in_words(milliseconds: float) -> str:
    """Return a duration in the largest unit that makes it a whole number: `90 minutes`, `3 days`."""
    for unit in ("day", "hour", "minute", "second"):
        if milliseconds and milliseconds % UNITS[unit] == 0:
            return in_unit(f"{milliseconds / UNITS[unit]:.0f}", unit)
    return in_unit(f"{milliseconds / SECOND:g}", "second")


def duration_meant(text: str) -> str | None:
    """Return what an invalid text would be as a valid one, None where it is not plain what it means."""
    iso = _ISO.fullmatch(text.strip())
    if iso is not None and any(iso.groups()):
        return _sum_in_words((number, unit) for unit, number in iso.groupdict().items() if number)
    parts = _parts(text.strip().lower())
    if len(parts) == 1 and _means_milliseconds(parts[0][1]):
        return f"{parts[0][0]} ms"
    meant = [(number, _ABBREVIATIONS.get(_singular(unit))) for number, unit in parts]
    known = [(number, unit) for number, unit in meant if unit is not None]
    if not known or len(known) < len(meant):
        return None
    return in_unit(*known[0]) if len(known) == 1 else _sum_in_words(known)


def _parts(text: str) -> list[tuple[str, str]]:
    """Return the numbers and units that a text consists of; none where it holds anything else."""
    parts: list[tuple[str, str]] = []
    end = 0
    while end < len(text):
        separators = _SEPARATORS.match(text, end) if parts else None
        part = _PART.match(text, end if separators is None else separators.end())
        if part is None:
            return []
        parts.append(("1" if part[1].startswith("a") else part[1], part[2]))
        end = part.end()
    return parts


def _sum_in_words(parts: Iterable[tuple[str, str]]) -> str | None:
    """Return the sum of durations, None where it is too large for a number."""
    milliseconds = sum(float(number) * UNITS[unit] for number, unit in parts)
    return in_words(milliseconds) if math.isfinite(milliseconds) else None
