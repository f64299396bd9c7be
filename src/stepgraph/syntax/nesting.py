"""What the native parser dies of, asked before it does: brackets nested too deeply, and signs without end."""

from __future__ import annotations

import io
import re
import tokenize

from msgspec import Struct

# CPython's own tokenizer refuses more than 200.
DEEPEST = 200

# Of `-`, `+`, `~` and `not` before a value: the native parser takes the square of their number in memory.
MOST_SIGNS = 1_000

_NOT_BRACKETS = bytes(set(range(256)) - set(b"()[]{}"))
_OPENING = frozenset(b"([{")
_MANY_SIGNS = re.compile(rb"(?:(?:[-+~]|\bnot\b)\s*){%d}" % (MOST_SIGNS + 1))
_SIGNS = frozenset({"-", "+", "~", "not"})


class TooDeep(Struct, frozen=True):
    """Where something is nested too deeply, and what: line and column, both from 1."""

    message: str
    line: int
    column: int


def too_deep(source: bytes) -> TooDeep | None:
    """Return the first bracket that is nested in more than 200 others, or sign after more than 1,000, or None.

    The bytes are counted first, which is fast and errs only towards more (brackets in strings and comments);
    `tokenize` decides where they are suspicious.
    """
    if _deepest(source.translate(None, _NOT_BRACKETS)) <= DEEPEST and not _MANY_SIGNS.search(source):
        return None
    return _first_too_deep(source)


def _deepest(brackets: bytes) -> int:
    depth = deepest = 0
    for bracket in brackets:
        if bracket in _OPENING:
            depth += 1
            deepest = max(deepest, depth)
        elif depth:
            depth -= 1
    return deepest


def _first_too_deep(source: bytes) -> TooDeep | None:
    depth = signs = 0
    try:
        for token in tokenize.tokenize(io.BytesIO(source).readline):
            signs = signs + 1 if token.string in _SIGNS else 0
            if token.type == tokenize.OP and token.string in "([{":
                depth += 1
            elif token.type == tokenize.OP and token.string in ")]}":
                depth = max(depth - 1, 0)
            line, column = token.start[0], token.start[1] + 1
            if depth > DEEPEST:
                return TooDeep(_BRACKETS, line, column)
            if signs > MOST_SIGNS:
                return TooDeep(f"more than {MOST_SIGNS:,} signs stand before a value.", line, column)
    except (tokenize.TokenError, SyntaxError):
        # Newer tokenizers refuse the same depth themselves; any other error is for the parser to report.
        return TooDeep(_BRACKETS, 1, 1) if depth >= DEEPEST else None
    return None


_BRACKETS = f"brackets are nested more than {DEEPEST} deep, which Python itself refuses."
