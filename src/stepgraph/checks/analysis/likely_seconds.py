"""Heuristic for numbers of milliseconds that are likely seconds, by their value and source."""

from __future__ import annotations

import re
from typing import Final

from stepgraph.checks.analysis.durations import DAY, HOUR, MINUTE, SECOND

_SECONDS_IN_HOUR: Final = HOUR // SECOND
_SECONDS_IN_DAY: Final = DAY // SECOND

_SIXTY: Final = 60
_HUNDRED: Final = 100

# Nobody waits for fewer milliseconds on purpose.
_MIN_DELIBERATE: Final = 100

_LITERAL: Final = re.compile(r"[\"']?\d[\d_]*[\"']?", re.ASCII)
_NAME: Final = re.compile(r"[A-Za-z_][\w.]*", re.ASCII)
_PRODUCT: Final = re.compile(r"\(?\d[\d_]*+(?: *+\* *+\d[\d_]*+)++\)?", re.ASCII)
_WORD: Final = re.compile(r"(?<![A-Z])[A-Z]+(?![a-z])|[A-Z]?[a-z]++")

_MILLISECONDS: Final = frozenset(["ms", "msec", "msecs", "milli", "millis", "millisecond", "milliseconds"])
_SECONDS: Final = frozenset(["s", "sec", "secs", "seconds", "minutes", "mins", "hours", "hrs", "days"])


def is_likely_seconds(source: str, number: float) -> bool:
    """Return whether a number looks like seconds, or a longer unit.

    The source is a literal, a name without a word for milliseconds, or a product with a factor 60 and without a
    multiple of 100. Other computations never look like seconds.
    """
    if not 0 < number <= 365 * _SECONDS_IN_DAY * SECOND or number != int(number):
        return False
    if _LITERAL.fullmatch(source):
        return _looks_like_seconds(int(number))
    if _NAME.fullmatch(source):
        words = {word.lower() for word in _WORD.findall(source.rsplit(".", 1)[-1])}
        if words & _MILLISECONDS:
            return False
        return _looks_like_seconds(int(number)) or (bool(words & _SECONDS) and number % SECOND != 0)
    return _PRODUCT.fullmatch(source) is not None and _is_product_of_seconds(source)


def _looks_like_seconds(number: int) -> bool:
    """Whether a number is below 100, or a typical number of seconds: full minutes, hours or days."""
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
