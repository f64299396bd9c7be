"""Source text of common expressions on one line, at least ten times as fast as LibCST's code generator.

The generator enters context managers and calls hooks for each node. Messages, conditions and facts repeat the source of
many names, attributes, calls and comparisons, which need neither.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final, TypeAlias

import libcst as cst


def plain_text(node: cst.CSTNode) -> str | None:
    """Return the source of an expression, or a field of an f-string, without line breaks.

    Return None for other nodes, which need the generator.
    """
    tokens: list[str] = []
    try:
        if isinstance(node, cst.FormattedStringExpression):
            _write_parts([node], tokens)
        else:
            _write(node, tokens)
    except _NotPlainError:
        return None
    return "".join(tokens)


class _NotPlainError(Exception):
    """Raised for a node that needs the code generator."""


# Each writer accepts only nodes of its own type, hence `Any`.
_Writer: TypeAlias = Callable[[Any, list[str]], None]


def _write(node: cst.CSTNode, tokens: list[str]) -> None:
    write = _WRITERS.get(type(node))
    if write is None or node.lpar:  # type: ignore[attr-defined] # all types in the table may have parentheses
        raise _NotPlainError
    write(node, tokens)


def _write_value(node: cst.Name | cst.SimpleString | cst.Integer | cst.Float, tokens: list[str]) -> None:
    tokens.append(node.value)


def _write_f_string(node: cst.FormattedString, tokens: list[str]) -> None:
    tokens.append(node.start)
    _write_parts(node.parts, tokens)
    tokens.append(node.end)


def _write_parts(parts: Sequence[cst.BaseFormattedStringContent], tokens: list[str]) -> None:
    for part in parts:
        if isinstance(part, cst.FormattedStringText):
            tokens.append(part.value)
        elif isinstance(part, cst.FormattedStringExpression) and part.equal is None:
            tokens += ("{", _whitespace(part.whitespace_before_expression))
            _write(part.expression, tokens)
            tokens.append(_whitespace(part.whitespace_after_expression))
            if part.conversion is not None:
                tokens += ("!", part.conversion)
            if part.format_spec is not None:
                tokens.append(":")
                _write_parts(part.format_spec, tokens)
            tokens.append("}")
        else:
            raise _NotPlainError


def _write_attribute(node: cst.Attribute, tokens: list[str]) -> None:
    _write(node.value, tokens)
    tokens += (_whitespace(node.dot.whitespace_before), ".", _whitespace(node.dot.whitespace_after))
    _write(node.attr, tokens)


def _write_call(node: cst.Call, tokens: list[str]) -> None:
    _write(node.func, tokens)
    tokens += (_whitespace(node.whitespace_after_func), "(", _whitespace(node.whitespace_before_args))
    for argument in node.args:
        tokens += (argument.star, _whitespace(argument.whitespace_after_star))
        if argument.keyword is not None:
            if not isinstance(argument.equal, cst.AssignEqual):
                raise _NotPlainError
            equal = argument.equal
            tokens.append(argument.keyword.value)
            tokens += (_whitespace(equal.whitespace_before), "=", _whitespace(equal.whitespace_after))
        _write(argument.value, tokens)
        _write_comma(argument.comma, tokens, is_last=argument is node.args[-1])
        tokens.append(_whitespace(argument.whitespace_after_arg))
    tokens.append(")")


def _write_await(node: cst.Await, tokens: list[str]) -> None:
    tokens += ("await", _whitespace(node.whitespace_after_await))
    _write(node.expression, tokens)


def _write_subscript(node: cst.Subscript, tokens: list[str]) -> None:
    _write(node.value, tokens)
    tokens += (_whitespace(node.whitespace_after_value), "[", _whitespace(node.lbracket.whitespace_after))
    for element in node.slice:
        if not isinstance(element.slice, cst.Index) or element.slice.star is not None:
            raise _NotPlainError
        _write(element.slice.value, tokens)
        _write_comma(element.comma, tokens, is_last=element is node.slice[-1])
    tokens += (_whitespace(node.rbracket.whitespace_before), "]")


def _write_list(node: cst.List, tokens: list[str]) -> None:
    tokens += ("[", _whitespace(node.lbracket.whitespace_after))
    for element in node.elements:
        if not isinstance(element, cst.Element):
            raise _NotPlainError
        _write(element.value, tokens)
        _write_comma(element.comma, tokens, is_last=element is node.elements[-1])
    tokens += (_whitespace(node.rbracket.whitespace_before), "]")


def _write_dict(node: cst.Dict, tokens: list[str]) -> None:
    tokens += ("{", _whitespace(node.lbrace.whitespace_after))
    for element in node.elements:
        if not isinstance(element, cst.DictElement):
            raise _NotPlainError
        _write(element.key, tokens)
        tokens += (_whitespace(element.whitespace_before_colon), ":", _whitespace(element.whitespace_after_colon))
        _write(element.value, tokens)
        _write_comma(element.comma, tokens, is_last=element is node.elements[-1])
    tokens += (_whitespace(node.rbrace.whitespace_before), "}")


def _write_comma(comma: cst.Comma | cst.MaybeSentinel, tokens: list[str], *, is_last: bool) -> None:
    if isinstance(comma, cst.Comma):
        tokens += (_whitespace(comma.whitespace_before), ",", _whitespace(comma.whitespace_after))
    elif not is_last:
        raise _NotPlainError


def _write_operation(node: cst.BinaryOperation | cst.BooleanOperation, tokens: list[str]) -> None:
    _write(node.left, tokens)
    _write_operator(node.operator, tokens)
    _write(node.right, tokens)


def _write_unary_operation(node: cst.UnaryOperation, tokens: list[str]) -> None:
    token = _UNARY_OPERATORS.get(type(node.operator))
    if token is None:
        raise _NotPlainError
    tokens += (token, _whitespace(node.operator.whitespace_after))
    _write(node.expression, tokens)


def _write_comparison(node: cst.Comparison, tokens: list[str]) -> None:
    _write(node.left, tokens)
    for target in node.comparisons:
        _write_operator(target.operator, tokens)
        _write(target.comparator, tokens)


def _write_operator(node: cst.BaseBinaryOp | cst.BaseBooleanOp | cst.BaseCompOp, tokens: list[str]) -> None:
    token = _OPERATORS.get(type(node))
    if token is None:
        raise _NotPlainError
    before, after = node.whitespace_before, node.whitespace_after  # type: ignore[union-attr] # all in the table have it
    tokens += (_whitespace(before), token, _whitespace(after))


def _whitespace(node: cst.BaseParenthesizableWhitespace) -> str:
    """Return whitespace inside a line."""
    if type(node) is not cst.SimpleWhitespace or "\\" in node.value:
        raise _NotPlainError
    return node.value


_WRITERS: Final[dict[type[cst.CSTNode], _Writer]] = {
    cst.Attribute: _write_attribute,
    cst.Await: _write_await,
    cst.BinaryOperation: _write_operation,
    cst.BooleanOperation: _write_operation,
    cst.Call: _write_call,
    cst.Comparison: _write_comparison,
    cst.Dict: _write_dict,
    cst.Float: _write_value,
    cst.FormattedString: _write_f_string,
    cst.Integer: _write_value,
    cst.List: _write_list,
    cst.Name: _write_value,
    cst.SimpleString: _write_value,
    cst.Subscript: _write_subscript,
    cst.UnaryOperation: _write_unary_operation,
}

_UNARY_OPERATORS: Final[dict[type[cst.CSTNode], str]] = {cst.Minus: "-", cst.Not: "not"}

# The operators of one token. The others have whitespace in them, or several spellings.
_OPERATORS: Final[dict[type[cst.CSTNode], str]] = {
    cst.Add: "+",
    cst.And: "and",
    cst.Divide: "/",
    cst.Equal: "==",
    cst.FloorDivide: "//",
    cst.GreaterThan: ">",
    cst.GreaterThanEqual: ">=",
    cst.In: "in",
    cst.Is: "is",
    cst.LessThan: "<",
    cst.LessThanEqual: "<=",
    cst.Modulo: "%",
    cst.Multiply: "*",
    cst.Or: "or",
    cst.Subtract: "-",
}
