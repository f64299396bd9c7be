"""Patterns of attribute names that are partly constant, as in `getattr(self, "handle_" + kind)`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from string import Formatter
from typing import Final, TypeAlias

import libcst as cst

NamePattern: TypeAlias = Sequence[str]
"""The constant parts around the fields of a text: `n` fields have `n + 1` parts."""

_ANY_TEXT: Final = ("", "")
_DIRECTIVE: Final = re.compile(r"%(?:\(\w*+\))?[-+ #0]*+\d*+(?:\.\d++)?[a-zA-Z]")


def pattern_of(node: cst.CSTNode) -> NamePattern:
    """Return the pattern of an expression whose value is text."""
    match node:
        case cst.SimpleString() | cst.FormattedStringText() if (text := literal_text(node)) is not None:
            return (text,)
        case cst.FormattedString(parts=[*parts]):
            return _concatenated(map(pattern_of, parts))
        case (
            cst.ConcatenatedString(left=left, right=right)
            | cst.BinaryOperation(operator=cst.Add(), left=left, right=right)
        ):
            return _concatenated((pattern_of(left), pattern_of(right)))
        case cst.BinaryOperation(operator=cst.Modulo(), left=cst.SimpleString(evaluated_value=str(text))):
            return _pattern_of_directives(text)
        case cst.Call(func=cst.Attribute(value=cst.SimpleString(evaluated_value=str(text)), attr=cst.Name("format"))):
            return _pattern_of_format(text)
        case _:
            return _ANY_TEXT


def literal_text(node: cst.CSTNode) -> str | None:
    """Return the value of a string, or of a part of an f-string without escapes. Return None for other nodes."""
    match node:
        case cst.SimpleString(evaluated_value=str(text)):
            return text
        case cst.FormattedStringText(value=text) if not _ESCAPES.intersection(text):
            return text
        case _:
            return None


_ESCAPES: Final = frozenset("\\{}")
"""Characters that stand for others in the text of an f-string."""


def _pattern_of_directives(text: str) -> NamePattern:
    parts = _DIRECTIVE.split(text)
    return _ANY_TEXT if any("%" in part for part in parts) else parts


def _concatenated(patterns: Iterable[NamePattern]) -> NamePattern:
    parts = [""]
    for first, *rest in patterns:
        parts[-1] += first
        parts += rest
    return parts


def _pattern_of_format(text: str) -> NamePattern:
    try:
        fields = [(literal, name) for literal, name, *_ in Formatter().parse(text)]
    except ValueError:
        return _ANY_TEXT
    return _concatenated((literal,) if name is None else (literal, "") for literal, name in fields)


def pattern_of_template(text: str) -> NamePattern:
    """Return the pattern of the text of a template, which has its fields in braces."""
    parts, depth = [""], 0
    for character in text:
        if character == "{":
            parts += [] if depth else [""]
            depth += 1
        elif character == "}" and depth:
            depth -= 1
        elif not depth:
            parts[-1] += character
    return parts


def may_match(name: str, pattern: NamePattern) -> bool:
    """Return whether a name consists of the constant parts of a pattern with arbitrary text in between."""
    first, *rest = pattern
    if not rest:
        return name == first
    *middle, last = rest
    if len(name) < len(first) + len(last) or not (name.startswith(first) and name.endswith(last)):
        return False
    start, end = len(first), len(name) - len(last)
    for literal in middle:
        index = name.find(literal, start, end)
        if index < 0:
            return False
        start = index + len(literal)
    return True
