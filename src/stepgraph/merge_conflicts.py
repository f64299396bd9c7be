"""Unresolved merge conflicts, the probable cause of a syntax error in a file that has their markers."""

from __future__ import annotations

from typing import Final

CONFLICT_MESSAGE: Final = "unresolved merge conflict."
CONFLICT_ADVICE: Final = "Choose one version, and remove the lines that start with `<<<<<<<`, `=======` and `>>>>>>>`."

_START, _SEPARATOR, _END = "<<<<<<< ", "=======", ">>>>>>> "


def find_conflict(text: str) -> int | None:
    """Return the line of the first complete conflict in a text, from 1. Return None without a conflict."""
    start, has_separator = None, False
    for number, line in enumerate(text.split("\n"), start=1):
        if line.startswith(_START):
            start, has_separator = number, False
        elif line.rstrip() == _SEPARATOR:
            has_separator = True
        elif line.startswith(_END) and start is not None and has_separator:
            return start
    return None
