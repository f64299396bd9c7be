"""Names of steps, sleeps and waits whose strings contain braces as text, which the graph does not mark."""

from __future__ import annotations

import re
from typing import Final

import libcst as cst

from stepgraph.syntax.module import SourcePlace

_BRACES: Final = r"\{[^{}]*\}"


def name_contains_braces(call: SourcePlace) -> bool:
    """Return whether the name in a call such as `step.do("load {x}")` has a pair of braces as text."""
    node = call.node
    if not isinstance(node, cst.Call):
        return False
    by_keyword = (each for each in node.args if each.keyword is not None and each.keyword.value == "name")
    argument = next(by_keyword, None) or next(iter(node.args), None)
    return argument is not None and not argument.star and _contains_braces(argument.value)


def _contains_braces(node: cst.BaseExpression | cst.BaseFormattedStringContent) -> bool:
    """Return whether the text of a string, outside of the expressions of an f-string, contains a pair of braces."""
    match node:
        case cst.SimpleString(value=text) | cst.FormattedStringText(value=text):
            return re.search(_BRACES, text) is not None
        case cst.FormattedString(parts=parts):
            return any(map(_contains_braces, parts))
        case cst.ConcatenatedString(left=left, right=right) | cst.BinaryOperation(left=left, right=right):
            return _contains_braces(left) or _contains_braces(right)
        case _:
            return False
