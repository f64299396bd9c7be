"""Placeholders in templates of configurations, which a script replaces before the deployment."""

from __future__ import annotations

import re
from functools import cache
from typing import Final

_SIGNS: Final = "%${<"
"""The signs with which placeholders start. Most values contain none of them."""
_AROUND_NAMES: Final = ("@", "__")


@cache
def _placeholder() -> re.Pattern[str]:
    """Return the expression for `%NAME%`, `$NAME` and `${NAME}`, `{{ name }}` and `{% name %}`, and `<name>`."""
    return re.compile(r"%[A-Za-z_]|\$\{?[A-Za-z_]|\{[{%\w]|<[%A-Za-z]")


def is_placeholder(text: str) -> bool:
    """Return whether a value contains a placeholder such as `%NAME%` or `{{ name }}`."""
    if any(sign in text for sign in _SIGNS) and _placeholder().search(text) is not None:
        return True
    return any(part.isidentifier() for mark in _AROUND_NAMES for part in text.split(mark)[1:-1])


def is_placeholder_date(text: str) -> bool:
    """Return whether a value stands for a date, as `%DATE%` and `YYYY-MM-DD` do."""
    return is_placeholder(text) or (text[:1].isalpha() and re.fullmatch("[A-Z][A-Z_-]+", text) is not None)
