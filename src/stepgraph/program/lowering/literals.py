"""What literals say: Python refuses some escapes in text, and integers of very many digits."""

from __future__ import annotations

import ast
import warnings

import libcst as cst

from stepgraph.program.values import UNKNOWN, Constant, Value

_FEW_DIGITS = 10


def literal(node: cst.SimpleString | cst.Integer | cst.Float | cst.Imaginary) -> Value:
    """Return what a text or number says, UNKNOWN where Python refuses it."""
    if isinstance(node, cst.SimpleString) and not node.prefix and "\\" not in node.value and "\r" not in node.value:
        return Constant(node.raw_value)  # Plain text, which most is, says what it means.
    if isinstance(node, cst.Integer) and len(node.value) < _FEW_DIGITS and node.value.isdecimal():
        return Constant(int(node.value))  # so do most numbers
    return evaluated(node.value)


def evaluated(written: str) -> Value:
    """Return what a literal says as it is written. Of an escape that Python only warns of, nothing is printed."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return Constant(ast.literal_eval(written))
    except (ValueError, SyntaxError):
        return UNKNOWN
