"""Limits on nested brackets, long chains and nested patterns, checked before the native parser runs.

The native parser overflows its stack on deeply nested brackets. Its time grows with the square of the length of a chain
(calls, attributes, operators, conditions), and by a factor of two to four with each nesting level of a pattern.
"""

from __future__ import annotations

from typing import Final

from msgspec import Struct

from stepgraph.limits import BRACKET_DEPTH, CHAINED_LINKS, PATTERN_DEPTH
from stepgraph.syntax.deep_places import Excess, find_first_excess

_MESSAGES: Final = {
    Excess.BRACKETS: f"brackets are nested more than {BRACKET_DEPTH} deep, which Python itself refuses.",
    Excess.LINKS: f"more than {CHAINED_LINKS:,} operators, calls and attributes are chained.",
    Excess.BRACKETS_IN_ALL: "too many brackets are nested deeply, in all of the module.",
    Excess.LINKS_IN_ALL: "too many operators, calls and attributes are in long chains, in all of the module.",
    Excess.PATTERNS_IN_ALL: "too many patterns are nested deeply, in all of the module.",
    Excess.PATTERNS: f"a pattern is nested more than {PATTERN_DEPTH} deep.",
}
_ADVICE: Final = {
    Excess.BRACKETS: "Split the expression.",
    Excess.LINKS: "Split the expression.",
    Excess.BRACKETS_IN_ALL: "Split the expressions.",
    Excess.LINKS_IN_ALL: "Split the expressions.",
    Excess.PATTERNS_IN_ALL: "Match the inner parts in a `match` of their own.",
    Excess.PATTERNS: "Match the inner part in a `match` of its own.",
}


class LimitViolation(Struct, frozen=True):
    """A violation of a limit of the native parser."""

    message: str
    advice: str
    """What to do about it."""
    line: int
    """1-based."""
    column: int
    """1-based, in characters."""


def find_limit_violation(text: str) -> LimitViolation | None:
    """Return the first violation of a limit of the native parser, or None."""
    result = find_first_excess(text)
    if result is None:
        return None
    excess, offset = result
    preceding_text = text[:offset].replace("\r\n", "\n").replace("\r", "\n")
    line, column = preceding_text.count("\n") + 1, len(preceding_text) - preceding_text.rfind("\n")
    return LimitViolation(_MESSAGES[excess], _ADVICE[excess], line, column)
