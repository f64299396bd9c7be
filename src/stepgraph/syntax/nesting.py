"""What the native parser dies of, or never ends with, asked before it does: what is nested too deeply, or chained.

It overflows its stack on brackets in each other, takes the square of a chain in time (calls, attributes, operators,
conditions), and twice to four times as long for each level of a pattern.
"""

from __future__ import annotations

from typing import Final

from msgspec import Struct

from stepgraph.limits import BRACKET_DEPTH, CHAINED_LINKS, PATTERN_DEPTH
from stepgraph.syntax.deep_places import Excess, first_excess

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


class TooDeep(Struct, frozen=True):
    """Where something is nested too deeply or too long, what, and what to do; line and column, both from 1."""

    message: str
    advice: str
    line: int
    column: int


def too_deep(text: str) -> TooDeep | None:
    """Return the first place that exceeds a limit of the parser, None if there is none."""
    found = first_excess(text)
    if found is None:
        return None
    excess, offset = found
    before = text[:offset].replace("\r\n", "\n").replace("\r", "\n")
    line, column = before.count("\n") + 1, len(before) - before.rfind("\n")
    return TooDeep(_MESSAGES[excess], _ADVICE[excess], line, column)
