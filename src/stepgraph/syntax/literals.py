"""Values of string and number literals.

LibCST's `evaluated_value` raises SyntaxError for unknown character names and for integers of more than 4,300 digits.
Python also prints warnings about invalid escapes. The functions below return None instead, and suppress the warnings.
"""

from __future__ import annotations

import ast
import warnings
from typing import Final, TypeAlias

import libcst as cst

Literal: TypeAlias = cst.SimpleString | cst.Integer | cst.Float | cst.Imaginary
LiteralValue: TypeAlias = str | bytes | int | float | complex

_SHORT_INTEGER_DIGITS: Final = 10


def literal_value(node: Literal) -> LiteralValue | None:
    """Return the value of a string or number, or None if Python rejects it."""
    text = node.value
    quote = text[0]
    if quote in ('"', "'"):
        if "\\" not in text and "\r" not in text:  # fast path: most strings have no escapes
            quotes = 3 if text[1:3] == quote * 2 else 1
            return text[quotes:-quotes]
    elif len(text) < _SHORT_INTEGER_DIGITS and text.isdecimal():
        return int(text)  # fast path: most numbers are short
    return value_of_source(text)


def value_of_source(source: str) -> LiteralValue | None:
    """Return the value of the source of a string or number, or None if Python rejects it."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            value: LiteralValue = ast.literal_eval(source)
    except (ValueError, SyntaxError):
        return None
    return value


def string_of(node: cst.CSTNode) -> str | None:
    """Return the text of a string literal. Return None for bytes, rejected literals and other nodes."""
    match node:
        case cst.SimpleString():
            value = literal_value(node)
            return value if isinstance(value, str) else None
        case cst.ConcatenatedString(left=left, right=right):
            before, after = string_of(left), string_of(right)
            return None if before is None or after is None else before + after
        case _:
            return None


def key_of(node: cst.CSTNode) -> str | int | None:
    """Return the value of a string or integer literal. Return None for rejected literals and other nodes."""
    if isinstance(node, cst.Integer):
        value = literal_value(node)
        return value if isinstance(value, int) else None
    return string_of(node) if isinstance(node, cst.SimpleString) else None
