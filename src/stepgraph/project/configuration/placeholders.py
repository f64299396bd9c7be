"""Placeholders in templates of configurations, which a script replaces before the deployment."""

from __future__ import annotations

import re
from typing import Final

# `%NAME%`, `$NAME` and `${NAME}`, `{{ name }}` and `{% name %}`, and `<name>`.
_PLACEHOLDER: Final = re.compile(r"%[A-Za-z_]|\$\{?[A-Za-z_]|\{[{%\w]|<[%A-Za-z]")
_AROUND_NAMES: Final = ("@", "__")
# A word in capital letters, such as `YYYY-MM-DD`.
_DATE_WORD: Final = re.compile(r"[A-Z][A-Z_-]+")


def is_placeholder(text: str) -> bool:
    """Return whether a value contains a placeholder such as `%NAME%` or `{{ name }}`."""
    if _PLACEHOLDER.search(text) is not None:
        return True
    return any(part.isidentifier() for mark in _AROUND_NAMES for part in text.split(mark)[1:-1])


def is_placeholder_date(text: str) -> bool:
    """Return whether a value stands for a date, as `%DATE%` and `YYYY-MM-DD` do."""
    return is_placeholder(text) or _DATE_WORD.fullmatch(text) is not None
