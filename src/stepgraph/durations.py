"""Durations as the engine parses them: a number of milliseconds, or a string with a number and a unit.

A string that JavaScript converts to a number is a number of milliseconds, too. Any other valid string consists of a
number, spaces and one word, with an optional final `s`. The engine silently treats an unknown word as milliseconds
(package `itty-time`, function `ms`).

`is_likely_seconds` and `parse_partial_duration` detect durations that are probably wrong, although the engine accepts
them or their value is not fully known.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Final

from msgspec import Struct

SECOND: Final = 1_000
MINUTE: Final = 60 * SECOND
HOUR: Final = 60 * MINUTE
DAY: Final = 24 * HOUR

_YEAR_10000: Final = 253_402_300_800_000
"""The first time in milliseconds since 1970 whose year has five digits."""

UNITS: Final = {
    "second": SECOND,
    "minute": MINUTE,
    "hour": HOUR,
    "day": DAY,
    "week": 7 * DAY,
    "month": 30 * DAY,
    "year": 365.25 * DAY,
}
"""The units of the engine, in milliseconds."""

# Abbreviations that people use for units, in lower case and without a final `s`.
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
# The engine does not know these units either, but its fallback to milliseconds is correct for them.
_MILLISECONDS: Final = frozenset(["ms", "msec", "msecs", "milli", "millis", "millisec", "millisecond", "milliseconds"])

_DECIMAL: Final = r"[+-]?(?:Infinity|(?:\d++(?:\.\d*+)?|\.\d++)(?:[eE][+-]?\d++)?)"
_PREFIXED: Final = r"0[xX][0-9a-fA-F]+|0[oO][0-7]+|0[bB][01]+"
_NUMBER_AND_UNIT: Final = r"([^ ]+) +(\w\w*?)s?"

_PART: Final = re.compile(r"(\d++(?:\.\d++)?|an?\b)[ _-]?+\s*+([a-z]++)", re.ASCII)
_SEPARATORS: Final = re.compile(r"(?:\s|,|\band\b)*+", re.ASCII)
_ISO: Final = (
    r"P(?:(?P<week>\d+)W)?(?:(?P<day>\d+)D)?(?:T(?:(?P<hour>\d+)H)?(?:(?P<minute>\d+)M)?(?:(?P<second>\d+)S)?)?"
)


_MAX_PARSED: Final = 128
"""The maximum number of strings whose results `parse_duration` stores, because steps often have the same durations."""


class DurationText(Struct, frozen=True):
    """A string that the engine accepts as a duration."""

    milliseconds: float
    """The duration as the engine reads it, in milliseconds."""
    number: str = ""
    """The number before the unit, as written. Empty without a unit."""
    unit: str | None = None
    """The unit as written if the engine misreads it as milliseconds, otherwise None."""


@lru_cache(_MAX_PARSED)
def parse_duration(text: str) -> DurationText | None:
    """Parse a string as the engine does. Return None if the duration is invalid."""
    number = _number(text)
    if number is not None:
        return DurationText(number)
    match = re.fullmatch(_NUMBER_AND_UNIT, text, re.ASCII)
    amount = _number(match[1]) if match else None
    if match is None or amount is None:
        return None
    factor = UNITS.get(match[2])
    if factor is not None:
        return DurationText(amount * factor, match[1])
    unit = text[match.start(2) :]
    return DurationText(amount, match[1], None if _means_milliseconds(unit) else unit)


def time_after(start: int, milliseconds: float) -> int | None:
    """Return the time in milliseconds since 1970 after another one.

    Returns None for a negative duration, and for a time whose year has five digits.
    """
    return round(start + milliseconds) if milliseconds >= 0 and start + milliseconds < _YEAR_10000 else None


def _means_milliseconds(unit: str) -> bool:
    """Return whether a unit means milliseconds. A lone `m` does not count, because people use it for minutes."""
    return unit.lower() in _MILLISECONDS


def _number(text: str) -> float | None:
    """Convert a string as JavaScript's `Number` does. Return None for NaN. A blank string converts to 0."""
    stripped = text.strip()
    if not stripped:
        return 0.0
    if re.fullmatch(_DECIMAL, stripped, re.ASCII):
        return float(stripped)
    return as_float(int(stripped, 0)) if re.fullmatch(_PREFIXED, stripped, re.ASCII) else None


def as_float(number: float) -> float:
    """Return a number as JavaScript represents it. A number that is too large becomes infinite."""
    try:
        return float(number)
    except OverflowError:
        return math.inf if number > 0 else -math.inf


def is_number(text: str) -> bool:
    """Return whether a string is a number without a unit, which the engine reads as milliseconds."""
    return bool(text.strip()) and _number(text) is not None


def is_unit(unit: str) -> bool:
    """Return whether the engine interprets a unit correctly: it knows the unit, or the unit means milliseconds."""
    return unit.removesuffix("s") in UNITS or _means_milliseconds(unit)


def expand_unit(unit: str) -> str | None:
    """Return the unit that an abbreviation means, or None if it is ambiguous or unknown."""
    # `5 M` may be minutes or months.
    return None if unit == "M" else _ABBREVIATIONS.get(_singular(unit))


def _singular(unit: str) -> str:
    return unit.lower().removesuffix("s")


def format_in_unit(number: str, unit: str) -> str:
    """Format a duration for the engine: `1 hour`, `2 hours`."""
    return f"{number} {unit}" if _number(number) == 1 else f"{number} {unit}s"


def format_duration(milliseconds: float) -> str:
    """Format a duration in the largest unit that makes it an integer: `90 minutes`, `3 days`."""
    for unit in ("day", "hour", "minute", "second"):
        if milliseconds and milliseconds % UNITS[unit] == 0:
            return format_in_unit(f"{milliseconds / UNITS[unit]:.0f}", unit)
    return format_in_unit(f"{milliseconds / SECOND:g}", "second")


def correct_duration(text: str) -> str | None:
    """Return the valid form of an invalid duration, or None if its meaning is ambiguous or unknown."""
    iso = re.fullmatch(_ISO, text.strip(), re.ASCII)
    if iso is not None and any(iso.groups()):
        return _format_sum((number, unit) for unit, number in iso.groupdict().items() if number)
    parts = _parts(text.strip().lower())
    if len(parts) == 1 and _means_milliseconds(parts[0][1]):
        return f"{parts[0][0]} ms"
    candidates = [(number, _ABBREVIATIONS.get(_singular(unit))) for number, unit in parts]
    resolved = [(number, unit) for number, unit in candidates if unit is not None]
    if not resolved or len(resolved) < len(candidates):
        return None
    return format_in_unit(*resolved[0]) if len(resolved) == 1 else _format_sum(resolved)


def _parts(text: str) -> list[tuple[str, str]]:
    """Return the numbers and units in a string. Return an empty list if the string has any other content."""
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


def _format_sum(parts: Iterable[tuple[str, str]]) -> str | None:
    """Format the sum of durations. Return None if the sum is too large for a number."""
    milliseconds = sum(float(number) * UNITS[unit] for number, unit in parts)
    return format_duration(milliseconds) if math.isfinite(milliseconds) else None


_SECONDS_IN_HOUR: Final = HOUR // SECOND
_SECONDS_IN_DAY: Final = DAY // SECOND

_SIXTY: Final = 60
_HUNDRED: Final = 100

# A shorter duration in milliseconds is unlikely to be intended.
_MIN_DELIBERATE: Final = 100

_LITERAL: Final = r"[\"']?\d[\d_]*[\"']?"
_NAME: Final = r"[A-Za-z_][\w.]*"
_PRODUCT: Final = r"\(?\d[\d_]*+(?: *+\* *+\d[\d_]*+)++\)?"
_WORD: Final = r"(?<![A-Z])[A-Z]+(?![a-z])|[A-Z]?[a-z]++"
_MILLISECOND_WORDS: Final = frozenset(["ms", "msec", "msecs", "milli", "millis", "millisecond", "milliseconds"])
_SECOND_WORDS: Final = frozenset(["s", "sec", "secs", "seconds", "minutes", "mins", "hours", "hrs", "days"])


def is_likely_seconds(source: str, number: float) -> bool:
    """Return whether a number of milliseconds is probably meant in seconds or a longer unit.

    Such a number is written as a literal, as a name without a word for milliseconds, or as a product with the factor 60
    and without a multiple of 100 as a factor.
    """
    if not 0 < number <= 365 * _SECONDS_IN_DAY * SECOND or number != int(number):
        return False
    if re.fullmatch(_LITERAL, source, re.ASCII):
        return _looks_like_seconds(int(number))
    if re.fullmatch(_NAME, source, re.ASCII):
        words = {word.lower() for word in re.findall(_WORD, source.rsplit(".", 1)[-1])}
        if words & _MILLISECOND_WORDS:
            return False
        return _looks_like_seconds(int(number)) or (bool(words & _SECOND_WORDS) and number % SECOND != 0)
    return re.fullmatch(_PRODUCT, source, re.ASCII) is not None and _is_product_of_seconds(source)


def _looks_like_seconds(number: int) -> bool:
    """Return whether a number is below 100, or a typical number of seconds: full minutes, hours or days."""
    if number < _MIN_DELIBERATE:
        return True
    if number < SECOND:
        return number % _SIXTY == 0
    if number <= 2 * _SECONDS_IN_DAY and number % _SECONDS_IN_HOUR == 0:
        return number % SECOND != 0
    return number <= 365 * _SECONDS_IN_DAY and number % _SECONDS_IN_DAY == 0 and number % MINUTE != 0


def _is_product_of_seconds(source: str) -> bool:
    factors = [int(factor.strip(" ()")) for factor in source.split("*")]
    return _SIXTY in factors and not any(factor % _HUNDRED == 0 for factor in factors)


_FIELD_AND_UNIT: Final = r"\{([^{}]+)\}( *)([A-Za-z]+)"
# Source of a number rather than a string with a unit: arithmetic, a call that returns a number, a number format, or a
# descriptive name.
_NUMERIC: Final = (
    r".*[\w\])] *(?:[*/]|[+-] *\d)"
    r"|(?:int|round|len|min|max)\(.*"
    r"|.*:[\d.]*[dfg]$"
    r"|.*(?:\b|_)(?:seconds|secs|minutes|mins|hours|days|attempt|attempts|count)$"
)


class PartialDuration(Struct, frozen=True):
    """A replacement field followed by a unit."""

    field: str
    """The source of the replacement field, without braces."""
    is_spaced: bool
    """Whether a space separates the field from the unit."""
    unit: str
    """The unit as written."""
    intended_unit: str | None
    """The unit of the engine with the same unambiguous meaning, if any."""

    @property
    def is_number(self) -> bool:
        """Whether the source of the field shows that its value is a number."""
        return re.match(_NUMERIC, self.field, re.DOTALL | re.IGNORECASE) is not None

    @property
    def has_valid_unit(self) -> bool:
        """Whether the engine interprets the unit correctly."""
        return is_unit(self.unit)


def parse_partial_duration(text: str) -> PartialDuration | None:
    """Parse text that consists of a replacement field and a unit. Return None for any other text."""
    match = re.fullmatch(_FIELD_AND_UNIT, text)
    if match is None:
        return None
    return PartialDuration(match[1], bool(match[2]), match[3], expand_unit(match[3]))
