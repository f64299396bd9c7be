"""Whether a number of milliseconds was meant in seconds, as far as the way it is written shows that."""

from __future__ import annotations

import re
from typing import Final

from stepgraph.checks.analysis.durations import DAY, HOUR, MINUTE, SECOND

_SECONDS_IN_HOUR: Final = HOUR // SECOND
_SECONDS_IN_DAY: Final = DAY // SECOND

_SIXTY: Final = 60
_HUNDRED: Final = 100

# Fewer milliseconds than this are too few to wait for on purpose.
_FEW: Final = 100

_LITERAL: Final = re.compile(r"[\"']?\d[\d_]*[\"']?", re.ASCII)
_NAME: Final = re.compile(r"[A-Za-z_][\w.]*", re.ASCII)
_PRODUCT: Final = re.compile(r"\(?\d[\d_]*+(?: *+\* *+\d[\d_]*+)++\)?", re.ASCII)
_WORD: Final = re.compile(r"(?<![A-Z])[A-Z]+(?![a-z])|[A-Z]?[a-z]++")

_MILLISECONDS: Final = frozenset(["ms", "msec", "msecs", "milli", "millis", "millisecond", "milliseconds"])
_SECONDS: Final = frozenset(["s", "sec", "secs", "seconds", "minutes", "mins", "hours", "hrs", "days"])


def is_likely_seconds(written: str, number: float) -> bool:
    """Return whether a number that is written so looks like seconds, or a longer unit.

    Of a computation, only products of 60 without a 1000 do so, of names only those that do not speak of milliseconds.
    """
    if not 0 < number <= 365 * _SECONDS_IN_DAY * SECOND or number != int(number):
        return False
    if _LITERAL.fullmatch(written):
        return _looks_like_seconds(int(number))
    if _NAME.fullmatch(written):
        words = {word.lower() for word in _WORD.findall(written.rsplit(".", 1)[-1])}
        if words & _MILLISECONDS:
            return False
        return _looks_like_seconds(int(number)) or (bool(words & _SECONDS) and number % SECOND != 0)
    return _PRODUCT.fullmatch(written) is not None and _is_product_of_seconds(written)


def _looks_like_seconds(number: int) -> bool:
    """A few milliseconds, whole minutes of seconds below a second, and well-known numbers of seconds."""
    if number < _FEW:
        return True
    if number < SECOND:
        return number % _SIXTY == 0
    if number <= 2 * _SECONDS_IN_DAY and number % _SECONDS_IN_HOUR == 0:
        return number % SECOND != 0
    return number <= 365 * _SECONDS_IN_DAY and number % _SECONDS_IN_DAY == 0 and number % MINUTE != 0


def _is_product_of_seconds(written: str) -> bool:
    factors = [int(factor.strip(" ()")) for factor in written.split("*")]
    return _SIXTY in factors and not any(factor % _HUNDRED == 0 for factor in factors)
