"""Folding: operators on constants, and what an f-string or a concatenation says of its parts."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any, Final

import libcst as cst

from stepgraph.program.values import (
    UNKNOWN,
    Constant,
    Duration,
    Foreign,
    Payload,
    Scalar,
    Template,
    Unknown,
    Value,
    made_by,
)
from stepgraph.syntax.module import Place

DATETIME: Final = "datetime.datetime"
TIMEDELTA: Final = "datetime.timedelta"
# Nothing longer or larger than this is computed: `"x" * 10**9` is source like any other.
LONGEST: Final = 10_000
LARGEST_EXPONENT: Final = 64
# Of an f-string's field: `>30,.2f` is one; a width has three digits at most.
LONGEST_SPECIFICATION: Final = 16
WIDEST_DIGITS: Final = 3

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
    name = made_by(left)
    if name is None or not isinstance(op, cst.Add | cst.Subtract):
        return None
    is_difference = made_by(right) == TIMEDELTA or isinstance(right, Duration)
    is_number = isinstance(right, Constant) and isinstance(right.value, int | float)
    is_unknown = isinstance(op, cst.Add) and isinstance(right, Unknown | Payload) and name != TIMEDELTA
    return Foreign(name) if is_difference or is_number or is_unknown else None


def unary(op: cst.BaseUnaryOp, operand: Value) -> Value:
    """Return a constant for an operator on a constant, UNKNOWN for anything else."""
    function = _UNARY.get(type(op))
    if function is None or not isinstance(operand, Constant):
        return UNKNOWN
    try:
        return scalar(function(operand.value))
    except TypeError:
        return UNKNOWN


def _affordable(op: cst.BaseBinaryOp, left: Scalar, right: Scalar) -> bool:
    if isinstance(op, cst.Power):
        return isinstance(right, int | float) and abs(right) <= LARGEST_EXPONENT and _bits(left) <= LARGEST_EXPONENT
    if isinstance(op, cst.LeftShift):
        return isinstance(right, int) and right <= LARGEST_EXPONENT
    if isinstance(op, cst.Multiply):
        text, number = (left, right) if isinstance(left, str | bytes) else (right, left)
        if isinstance(text, str | bytes):
            return isinstance(number, int) and len(text) * number <= LONGEST
        return _bits(left) + _bits(right) <= LONGEST
    # `"%99999d" % 1` is long, whatever its operands are.
    return not (isinstance(op, cst.Modulo) and isinstance(left, str | bytes) and len(left) > LONGEST // 100)


def _bits(value: Scalar) -> int:
    return value.bit_length() if isinstance(value, int) else 1


def scalar(value: object) -> Value:
    """Return a constant, UNKNOWN where the value is none that can be shown."""
    is_long = isinstance(value, str | bytes) and len(value) > LONGEST
    if not is_long and (value is None or isinstance(value, str | bytes | int | float | complex)):
        return Constant(value)
    return UNKNOWN


def joined(parts: list[tuple[Value, Place]]) -> Value:
    """Return text of several parts: constant if all are, else with the source of the others in braces."""
    texts = [_text(value) for value, _ in parts]
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
    subject: object = value.value
    if conversion is not None:
        subject = _converted(value.value, conversion)
    if any(len(digits) > WIDEST_DIGITS for digits in _numbers(spec)):
        return None
    try:
        return format(subject, spec)
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
