"""Folding: operators on constants, and what an f-string or a concatenation says of its parts."""

from __future__ import annotations

import ast
import math
import operator
import warnings
from collections.abc import Callable
from typing import Any, Final

import libcst as cst

from stepgraph.interpreter.objects.values import (
    UNKNOWN,
    Constant,
    Duration,
    ExternalResult,
    Payload,
    Scalar,
    Template,
    Unknown,
    Value,
    origin_name,
)
from stepgraph.syntax.module import Place

DATETIME: Final = "datetime.datetime"
TIMEDELTA: Final = "datetime.timedelta"
# Characters of text, or bits of an integer: nothing longer is computed. `"x" * 10**9` is source like any other.
LONGEST: Final = 10_000
LARGEST_EXPONENT: Final = 64
# Of an f-string's field: `>30,.2f` is one.
LONGEST_SPECIFICATION: Final = 16
# Of a width or precision in a format. One that is an operand, as in `"%*d"`, may have any number.
WIDEST_DIGITS: Final = 3
LARGEST_WIDTH: Final = 999

# Operators raise TypeError for operands they do not take, which is asked by trying.
_OPERATORS: Final[dict[type[cst.BaseBinaryOp], Callable[[Any, Any], object]]] = {
    cst.Add: operator.add,
    cst.Subtract: operator.sub,
    cst.Multiply: operator.mul,
    cst.Divide: operator.truediv,
    cst.FloorDivide: operator.floordiv,
    cst.Modulo: operator.mod,
    cst.Power: operator.pow,
    cst.BitOr: operator.or_,
    cst.BitAnd: operator.and_,
    cst.BitXor: operator.xor,
    cst.LeftShift: operator.lshift,
    cst.RightShift: operator.rshift,
}

_UNARY: Final[dict[type[cst.BaseUnaryOp], Callable[[Any], object]]] = {
    cst.Minus: operator.neg,
    cst.Plus: operator.pos,
    cst.BitInvert: operator.invert,
}


def binary(op: cst.BaseBinaryOp, left: Value, right: Value) -> Value:
    """Return a constant for an operator on two constants, UNKNOWN for anything else."""
    function = _OPERATORS.get(type(op))
    if function is None or not isinstance(left, Constant) or not isinstance(right, Constant):
        return UNKNOWN
    if not _affordable(op, left.value, right.value):
        return UNKNOWN
    try:
        return scalar(function(left.value, right.value))
    except (TypeError, ValueError, ArithmeticError):
        return UNKNOWN


def shifted(op: cst.BaseBinaryOp, left: Value, right: Value) -> Value | None:
    """Return what foreign code gave, later or greater by something, which is of the same kind; None for anything else.

    `timedelta(hours=1) + x` may be a datetime.
    """
    name = origin_name(left)
    if name is None or not isinstance(op, cst.Add | cst.Subtract):
        return None
    is_difference = origin_name(right) == TIMEDELTA or isinstance(right, Duration)
    is_number = isinstance(right, Constant) and isinstance(right.value, int | float)
    is_unknown = isinstance(op, cst.Add) and isinstance(right, Unknown | Payload) and name != TIMEDELTA
    return ExternalResult(name) if is_difference or is_number or is_unknown else None


def unary(op: cst.BaseUnaryOp, operand: Value) -> Value:
    """Return a constant for an operator on a constant, UNKNOWN for anything else."""
    function = _UNARY.get(type(op))
    if function is None or not isinstance(operand, Constant) or _size(operand.value) > LONGEST:
        return UNKNOWN
    try:
        return scalar(function(operand.value))
    except TypeError:
        return UNKNOWN


def _affordable(op: cst.BaseBinaryOp, left: Scalar, right: Scalar) -> bool:
    """Whether what an operator gives is not too long: this is asked before it is computed."""
    return _longest(op, left, right) <= LONGEST


def _longest(op: cst.BaseBinaryOp, left: Scalar, right: Scalar) -> float:
    """Return the most characters, or bits, that an operator can give for two operands."""
    size, other = _size(left), _size(right)
    match op:
        case cst.Power():
            exponent = abs(right) if isinstance(right, int | float) else math.inf
            return size * exponent if exponent <= LARGEST_EXPONENT >= size else math.inf
        case cst.LeftShift():
            return size + right if isinstance(right, int) else math.inf
        case cst.Multiply() if isinstance(left, str | bytes):
            return size * right if isinstance(right, int) else math.inf
        case cst.Multiply() if isinstance(right, str | bytes):
            return other * left if isinstance(left, int) else math.inf
        case cst.Modulo() if isinstance(left, str | bytes):
            return math.inf if size > LONGEST // 100 or _formats_wide(left) else size + other + LARGEST_WIDTH
        case _:
            return size + other


def _formats_wide(template: str | bytes) -> bool:
    """Whether a `%` format may ask for a width or precision of any size: by its digits, or as an operand."""
    text = template if isinstance(template, str) else template.decode("latin-1")
    fields = text.split("%")[1:]
    specifications = [field[: len(field) - len(field.lstrip("#- +.*0123456789"))] for field in fields]
    return any("*" in specification or _is_wide(specification) for specification in specifications)


def _is_wide(specification: str) -> bool:
    return any(len(digits) > WIDEST_DIGITS for digits in _numbers(specification))


def _size(value: Scalar) -> int:
    if isinstance(value, str | bytes):
        return len(value)
    return value.bit_length() if isinstance(value, int) else 1


def scalar(value: object) -> Value:
    """Return a constant, UNKNOWN where the value is none that can be shown."""
    is_long = isinstance(value, str | bytes | int) and _size(value) > LONGEST
    if not is_long and (value is None or isinstance(value, str | bytes | int | float | complex)):
        return Constant(value)
    return UNKNOWN


def joined(parts: list[tuple[Value, Place]]) -> Value:
    """Return text of several parts: constant if all are, else with the source of the others in braces.

    Nothing is known of text that is too long.
    """
    texts = [_text(value) for value, _ in parts]
    if sum(len(text) for text in texts if text is not None) > LONGEST:
        return UNKNOWN
    whole = "".join(
        text if text is not None else "{" + place.text + "}" for text, (_, place) in zip(texts, parts, strict=True)
    )
    known = all(isinstance(value, Constant) for value, _ in parts)
    return scalar(whole) if known else Template(whole)


def is_text(value: Value) -> bool:
    """Whether a value is text, at least in part."""
    return _text(value) is not None


def _text(value: Value) -> str | None:
    match value:
        case Constant(value=str(text)) | Template(text=text):
            return text
        case _:
            return None


def formatted(value: Value, conversion: str | None, spec: str | None) -> str | None:
    """Return what an f-string makes of a constant, None where that is not known."""
    if not isinstance(value, Constant) or spec is None or len(spec) > LONGEST_SPECIFICATION:
        return None
    if _size(value.value) > LONGEST or _is_wide(spec):
        return None
    try:
        return format(value.value if conversion is None else _converted(value.value, conversion), spec)
    except (TypeError, ValueError):
        return None


def _converted(value: Scalar, conversion: str) -> str:
    match conversion:
        case "r":
            return repr(value)
        case "a":
            return ascii(value)
        case _:
            return str(value)


def _numbers(spec: str) -> list[str]:
    return "".join(c if c.isdigit() else " " for c in spec).split()


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
