"""Match step names whose placeholders in braces are unknown before the run."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache


@cache
def matches_name(shown: str, name: str) -> bool:
    """Return whether a step shown by this name may have that name in a run."""
    return shown == name or _pattern(shown).fullmatch(name) is not None


@cache
def _pattern(shown: str) -> re.Pattern[str]:
    return re.compile("".join(_pieces(shown)), re.DOTALL)


def _pieces(shown: str) -> Iterator[str]:
    """Yield the parts of the pattern. A placeholder with unbalanced braces ends at the last brace."""
    at = 0
    while (opening := shown.find("{", at)) >= 0:
        closing = _closing(shown, opening)
        if closing < 0 or not _balanced(shown[closing + 1 :]):
            closing = shown.rfind("}")
        if closing < opening:
            break
        yield re.escape(shown[at:opening]) + ".*"
        at = closing + 1
    yield re.escape(shown[at:])


def _closing(shown: str, opening: int) -> int:
    depth = 0
    for at in range(opening, len(shown)):
        depth += (shown[at] == "{") - (shown[at] == "}")
        if depth == 0:
            return at
    return -1


def _balanced(text: str) -> bool:
    depth = 0
    for letter in text:
        depth += (letter == "{") - (letter == "}")
        if depth < 0:
            return False
    return depth == 0
