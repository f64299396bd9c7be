"""What the engine makes of a duration: milliseconds."""

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


def milliseconds(duration: float | str) -> float:
    """Read a duration; not a number where it is none, and milliseconds where its unit is not known."""
    amount = read_number(duration) if isinstance(duration, str) else float(duration)
    if not math.isnan(amount) or not isinstance(duration, str):
        return amount
    parts = _AMOUNT_AND_UNIT.fullmatch(duration)
    return read_number(parts[1]) * _UNITS.get(parts[2], 1) if parts else math.nan


def read_number(written: str) -> float:
    """Read text as JavaScript's `Number` does: none at all is 0, and what is no number is not a number."""
    written = written.strip()
    if not written:
        return 0
    if _DECIMAL.fullmatch(written):
        return float(written)
    if _OTHER_BASE.fullmatch(written):
        return float(int(written, 0))
    return {"Infinity": math.inf, "+Infinity": math.inf, "-Infinity": -math.inf}.get(written, math.nan)
