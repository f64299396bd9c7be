"""Constant folding: operators, string concatenation and formatting, and literals."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Sequence
from typing import Any, Final

import libcst as cst

from stepgraph.interpreter.values.containers import Collection
from stepgraph.interpreter.values.objects import ProjectObject
from stepgraph.interpreter.values.steps import Payload
from stepgraph.interpreter.values.unions import Union
from stepgraph.ir.values import (
    UNKNOWN,
    Constant,
    Duration,
    ExternalResult,
    Moment,
    Scalar,
    Template,
    Unknown,
    Value,
    is_from_package,
    origin_name,
)
from stepgraph.syntax.literals import Literal, LiteralValue, literal_value, value_of_source
from stepgraph.syntax.module import SourcePlace

DATETIME: Final = "datetime.datetime"
TIMEDELTA: Final = "datetime.timedelta"
DECIMAL: Final = "decimal.Decimal"
# Calls that return a datetime.
DATETIME_CALLS: Final = frozenset(
    f"{DATETIME}{name}"
    for name in (
        *("", ".now", ".today", ".utcnow", ".fromisoformat", ".fromtimestamp", ".utcfromtimestamp", ".strptime"),
        ".combine",
    )
)
# Operators whose result is a Decimal if an operand is one.
_DECIMAL_OPERATORS: Final = (
    *(cst.Add, cst.Subtract, cst.Multiply, cst.Divide, cst.FloorDivide, cst.Modulo, cst.Power),
    *(cst.AddAssign, cst.SubtractAssign, cst.MultiplyAssign, cst.DivideAssign, cst.FloorDivideAssign),
    *(cst.ModuloAssign, cst.PowerAssign),
)
# Maximum size of a folded constant, in characters of a string or bits of an integer, so `"x" * 10**9` is not computed.
MAX_SIZE: Final = 10_000
MAX_EXPONENT: Final = 64
# Maximum length of the format specification of an f-string field, such as `>30,.2f`.
MAX_SPECIFICATION_LENGTH: Final = 16
# Maximum number of digits in a width or precision of a format. Formats with a width operand (`"%*d"`) are not folded.
MAX_WIDTH_DIGITS: Final = 3
MAX_WIDTH: Final = 999

_BINARY_OPERATORS: Final[dict[type[cst.BaseBinaryOp], Callable[[Any, Any], object]]] = {
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

_UNARY_OPERATORS: Final[dict[type[cst.BaseUnaryOp], Callable[[Any], object]]] = {
    cst.Minus: operator.neg,
    cst.Plus: operator.pos,
    cst.BitInvert: operator.invert,
}


def fold_binary(op: cst.BaseBinaryOp, left: Value, right: Value) -> Value:
    """Return the result of an operator on constants. Return UNKNOWN for other operands, errors and large results."""
    function = _BINARY_OPERATORS.get(type(op))
    if function is None or not isinstance(left, Constant) or not isinstance(right, Constant):
        return UNKNOWN
    if not _is_affordable(op, left.value, right.value):
        return UNKNOWN
    try:
        return to_constant(function(left.value, right.value))
    except (TypeError, ValueError, ArithmeticError):
        return UNKNOWN


def fold_format(op: cst.BaseBinaryOp, template: Value, operands: Collection) -> Value:
    """Return the result of `template % operands` for a tuple of constants. Return UNKNOWN for other operations."""
    if not isinstance(op, cst.Modulo) or not isinstance(template, Constant) or not isinstance(template.value, str):
        return UNKNOWN
    if operands.kind != "tuple" or not operands.has_definite_order or not operands.shows_constants:
        return UNKNOWN
    values = tuple(item.value.value for item in operands.items if isinstance(item.value, Constant))
    size = sum(_max_result_size(op, template.value, value) for value in values)
    if len(values) < len(operands.items) or size > MAX_SIZE:
        return UNKNOWN
    try:
        return to_constant(template.value % values)
    except (TypeError, ValueError, ArithmeticError):
        return UNKNOWN


def add_offset(op: cst.BaseBinaryOp, left: Value, right: Value) -> Value | None:
    """Return an external result plus or minus an offset. Return None for other operations.

    The result has the type of the left operand. An unknown right operand is not accepted for a `timedelta`, because
    `timedelta(hours=1) + x` may be a datetime.
    """
    name = origin_name(left)
    if name is None or not isinstance(op, cst.Add | cst.Subtract):
        return None
    is_difference = origin_name(right) == TIMEDELTA or isinstance(right, Duration)
    is_number = isinstance(right, Constant) and isinstance(right.value, int | float)
    is_unknown = isinstance(op, cst.Add) and isinstance(right, Unknown | Payload) and name != TIMEDELTA
    return ExternalResult(name) if is_difference or is_number or is_unknown else None


def arithmetic_result(op: cst.BaseBinaryOp | cst.BaseAugOp, left: Value, right: Value) -> Value | None:
    """Return the difference of two datetimes or the result of Decimal arithmetic. Return None for other operations."""
    if isinstance(op, cst.Subtract) and _is_datetime(left) and _is_datetime(right):
        return ExternalResult(TIMEDELTA)
    if not is_decimal_arithmetic((left, right)) or not isinstance(op, _DECIMAL_OPERATORS):
        return None
    is_format = isinstance(op, cst.Modulo | cst.ModuloAssign) and origin_name(left) != DECIMAL
    return None if is_format else ExternalResult(DECIMAL)


def is_decimal_arithmetic(operands: Sequence[Value]) -> bool:
    """Return whether an operand is a Decimal, and the classes of the other operands define no operators for it."""
    if DECIMAL not in map(origin_name, operands):
        return False
    return not any(isinstance(operand, ProjectObject | Union) or is_from_package(operand) for operand in operands)


def _is_datetime(value: Value) -> bool:
    return isinstance(value, Moment) or origin_name(value) in DATETIME_CALLS


def fold_unary(op: cst.BaseUnaryOp, operand: Value) -> Value:
    """Return the result of an operator on a constant. Return UNKNOWN for other operands, errors and large results."""
    function = _UNARY_OPERATORS.get(type(op))
    if function is None or not isinstance(operand, Constant) or _size(operand.value) > MAX_SIZE:
        return UNKNOWN
    try:
        return to_constant(function(operand.value))
    except TypeError:
        return UNKNOWN


def _is_affordable(op: cst.BaseBinaryOp, left: Scalar, right: Scalar) -> bool:
    """Return whether the result of an operator is small enough to compute."""
    return _max_result_size(op, left, right) <= MAX_SIZE


def _max_result_size(op: cst.BaseBinaryOp, left: Scalar, right: Scalar) -> float:
    """Return an upper bound of the size of an operator's result, in characters or bits."""
    left_size, right_size = _size(left), _size(right)
    match op:
        case cst.Power():
            exponent = abs(right) if isinstance(right, int | float) else math.inf
            return left_size * exponent if exponent <= MAX_EXPONENT >= left_size else math.inf
        case cst.LeftShift():
            return left_size + right if isinstance(right, int) else math.inf
        case cst.Multiply() if isinstance(left, str | bytes):
            return left_size * right if isinstance(right, int) else math.inf
        case cst.Multiply() if isinstance(right, str | bytes):
            return right_size * left if isinstance(left, int) else math.inf
        case cst.Modulo() if isinstance(left, str | bytes):
            return (
                math.inf
                if left_size > MAX_SIZE // 100 or _may_format_wide(left)
                else left_size + right_size + MAX_WIDTH
            )
        case _:
            return left_size + right_size


def _may_format_wide(template: str | bytes) -> bool:
    """Return whether digits or an operand may set a large width or precision in a `%` format."""
    string = template if isinstance(template, str) else template.decode("latin-1")
    fields = string.split("%")[1:]
    specifications = [field[: len(field) - len(field.lstrip("#- +.*0123456789"))] for field in fields]
    return any("*" in specification or _is_wide(specification) for specification in specifications)


def _is_wide(specification: str) -> bool:
    return any(len(digits) > MAX_WIDTH_DIGITS for digits in _digit_runs(specification))


def _size(value: Scalar) -> int:
    if isinstance(value, str | bytes):
        return len(value)
    return value.bit_length() if isinstance(value, int) else 1


def to_constant(value: object) -> Value:
    """Return a value as a constant, or UNKNOWN if it is too long or not a scalar."""
    is_too_long = isinstance(value, str | bytes | int) and _size(value) > MAX_SIZE
    if not is_too_long and (value is None or isinstance(value, str | bytes | int | float | complex)):
        return Constant(value)
    return UNKNOWN


def concatenate(parts: list[tuple[Value, SourcePlace]]) -> Value:
    """Return the concatenation of string parts, or UNKNOWN if the result is too long.

    The result is a constant if all parts are constant, or else a template with the source of the other parts in braces.
    """
    texts = [_text(value) for value, _ in parts]
    if sum(len(text) for text in texts if text is not None) > MAX_SIZE:
        return UNKNOWN
    concatenation = "".join(
        text if text is not None else "{" + place.text + "}" for text, (_, place) in zip(texts, parts, strict=True)
    )
    is_constant = all(isinstance(value, Constant) for value, _ in parts)
    return to_constant(concatenation) if is_constant else Template(concatenation)


def is_string(value: Value) -> bool:
    """Return whether a value is a constant string or a string template."""
    return _text(value) is not None


def _text(value: Value) -> str | None:
    match value:
        case Constant(value=str(text)) | Template(text=text):
            return text
        case _:
            return None


def format_constant(value: Value, conversion: str | None, spec: str | None) -> str | None:
    """Return the result of formatting a constant in an f-string. Return None if it is unknown."""
    if not isinstance(value, Constant) or spec is None or len(spec) > MAX_SPECIFICATION_LENGTH:
        return None
    if _size(value.value) > MAX_SIZE or _is_wide(spec):
        return None
    try:
        return format(value.value if conversion is None else _convert(value.value, conversion), spec)
    except (TypeError, ValueError):
        return None


def _convert(value: Scalar, conversion: str) -> str:
    match conversion:
        case "r":
            return repr(value)
        case "a":
            return ascii(value)
        case _:
            return str(value)


def _digit_runs(spec: str) -> list[str]:
    return "".join(c if c.isdigit() else " " for c in spec).split()


def evaluate_literal(node: Literal) -> Value:
    """Return the value of a string or number literal, or UNKNOWN if Python rejects it."""
    return _constant(literal_value(node))


def evaluate_literal_source(source: str) -> Value:
    """Return the value of the source of a literal, or UNKNOWN if Python rejects it."""
    return _constant(value_of_source(source))


def _constant(value: LiteralValue | None) -> Value:
    """Return the value of a literal. A large integer is unknown, because Python does not convert it to text."""
    return UNKNOWN if value is None or (isinstance(value, int) and _size(value) > MAX_SIZE) else Constant(value)
