"""Parse durations as the engine does."""

from __future__ import annotations

import math
import re

SECOND = 1000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR

_UNITS = {
    "second": SECOND,
    "minute": MINUTE,
    "hour": HOUR,
    "day": DAY,
    "week": 7 * DAY,
    "month": 30 * DAY,
    "year": 365.25 * DAY,
}
_AMOUNT_AND_UNIT = re.compile(r"([^ ]+) +(\w+?)s?", re.ASCII)
_DECIMAL = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?", re.ASCII | re.IGNORECASE)
_OTHER_BASE = re.compile(r"0(x[0-9a-f]+|o[0-7]+|b[01]+)", re.ASCII | re.IGNORECASE)


def parse_duration(duration: float | str) -> float:
    """Parse a duration into milliseconds. Return NaN for invalid text. An unknown unit counts as milliseconds."""
    amount = parse_number(duration) if isinstance(duration, str) else float(duration)
    if not math.isnan(amount) or not isinstance(duration, str):
        return amount
    parts = _AMOUNT_AND_UNIT.fullmatch(duration)
    return parse_number(parts[1]) * _UNITS.get(parts[2], 1) if parts else math.nan


def parse_number(text: str) -> float:
    """Parse text as JavaScript's `Number()` does. Empty text is 0, and invalid text is NaN."""
    text = text.strip()
    if not text:
        return 0
    if _DECIMAL.fullmatch(text):
        return float(text)
    if _OTHER_BASE.fullmatch(text):
        return float(int(text, 0))
    return {"Infinity": math.inf, "+Infinity": math.inf, "-Infinity": -math.inf}.get(text, math.nan)
