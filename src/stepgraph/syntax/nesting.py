"""How deeply the brackets of a source are nested, asked before the native parser is."""

from __future__ import annotations

import io
import tokenize
from dataclasses import dataclass

# CPython's own tokenizer refuses more than 200.
DEEPEST = 200

_NOT_BRACKETS = bytes(set(range(256)) - set(b"()[]{}"))
_OPENING = frozenset(b"([{")


@dataclass(frozen=True, slots=True)
class TooDeep:
    """Where brackets are nested too deeply: line and column, both from 1."""

    line: int
    column: int


def too_deep(source: bytes) -> TooDeep | None:
    """Return the first bracket that is nested in more than 200 others, or None.

    The bytes are counted first, which is fast and errs only towards more (brackets in strings and comments);
    `tokenize` decides where they are suspicious.
    """
    if _deepest(source.translate(None, _NOT_BRACKETS)) <= DEEPEST:
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
    depth = 0
    try:
        for token in tokenize.tokenize(io.BytesIO(source).readline):
            if token.type != tokenize.OP:
                continue
            if token.string in "([{":
                depth += 1
            elif token.string in ")]}":
                depth = max(depth - 1, 0)
            if depth > DEEPEST:
                return TooDeep(token.start[0], token.start[1] + 1)
    except (tokenize.TokenError, SyntaxError):
        # Newer tokenizers refuse the same depth themselves; any other error is for the parser to report.
        return TooDeep(1, 1) if depth >= DEEPEST else None
    return None
