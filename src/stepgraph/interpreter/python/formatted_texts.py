"""Texts that `%`, `str.format` and `str.join` make of a string literal: the rules see them, and `getattr` uses them.

The graph shows their source.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import count, takewhile
from string import Formatter
from typing import Final, TypeAlias

import libcst as cst

from stepgraph.interpreter.python.constants import MAX_SIZE, evaluate_literal, format_constant, to_constant
from stepgraph.ir.values import UNKNOWN, Constant, Template, Value
from stepgraph.syntax.module import SourceModule

TextPart: TypeAlias = tuple[str, bool]
"""A part of a text, and whether it is constant. Other parts are fields as of an f-string."""

_PERCENT_FIELD: Final = r"%(?:\(([^()]*)\))?([#0 +\-]*+[\d.]*+)([a-zA-Z%])"
_INTEGER_TYPES: Final = ("d", "i", "u")
_REPLACED_NAME: Final = r"(\w*+)(.*)"


def formatted_text(node: cst.CSTNode, module: SourceModule) -> Value:
    """Return the text that an expression makes of a string literal: a constant, or a template as for an f-string.

    Return UNKNOWN for other expressions, and if Python rejects the format.
    """
    parts = parts_of_text(node, module)
    return UNKNOWN if parts is None else _join(parts)


def parts_of_text(node: cst.CSTNode, module: SourceModule) -> Sequence[TextPart] | None:
    """Return the parts of the text of `formatted_text`, or None where it is unknown."""
    try:
        return list(_parts_of(node, module))
    except ValueError:
        return None


def _parts_of(node: cst.CSTNode, module: SourceModule) -> Iterator[TextPart]:
    """Return the parts of a text. Raises ValueError for other expressions, and if Python rejects the format."""
    match node:
        case cst.BinaryOperation(left=cst.SimpleString() as literal, operator=cst.Modulo(), right=operand):
            return _percent_parts(_text_of(literal), operand, module)
        case cst.Call(func=cst.Attribute(value=cst.SimpleString() as literal, attr=cst.Name("format")), args=args):
            return _format_parts(_text_of(literal), args, module)
        case cst.Call(
            func=cst.Attribute(value=cst.SimpleString() as literal, attr=cst.Name("join")),
            args=[cst.Arg(value=cst.List(elements=elements) | cst.Tuple(elements=elements), keyword=None, star="")],
        ):
            return _joined_parts(_text_of(literal), elements, module)
        case _:
            raise ValueError(type(node))


def _join(parts: Sequence[TextPart]) -> Value:
    if sum(len(text) for text, _ in parts) > MAX_SIZE:
        return UNKNOWN
    text = "".join(text for text, _ in parts)
    return to_constant(text) if all(is_constant for _, is_constant in parts) else Template(text)


def _text_of(literal: cst.SimpleString) -> str:
    """Return the text of a literal. Raises ValueError for bytes."""
    match evaluate_literal(literal):
        case Constant(value=str() as text):
            return text
        case _:
            raise ValueError(literal.value)


def _percent_parts(text: str, operand: cst.BaseExpression, module: SourceModule) -> Iterator[TextPart]:
    operands, by_key = _operands(operand)
    end = number = 0
    for field in re.finditer(_PERCENT_FIELD, text):
        yield _without_fields(text[end : field.start()]), True
        end = field.end()
        key, flags, kind = field[1], field[2], field[3]
        if kind == "%":
            yield "%", True
            continue
        node = by_key.get(key) if key is not None else operands[number] if number < len(operands) else None
        number += 1
        if node is None:
            yield f"{{{field[0]}}}", False
        elif flags:
            yield f"{{{module.text(node)}:{flags}{kind}}}", False
        elif kind in ("a", "r", "s"):
            yield _field(node, module, kind, "")
        else:
            yield _field(node, module, None, "d" if kind in _INTEGER_TYPES else kind)
    yield _without_fields(text[end:]), True


def _without_fields(text: str) -> str:
    """Return a text between fields. Raises ValueError if it contains a part of a field."""
    if "%" in text:
        raise ValueError(text)
    return text


def _operands(operand: cst.BaseExpression) -> tuple[list[cst.BaseExpression], dict[str, cst.BaseExpression]]:
    """Return the operands of a `%` format by position and by key, up to an unpacked one.

    Raises ValueError for keys that are bytes.
    """
    if isinstance(operand, cst.Dict):
        entries = (element for element in operand.elements if isinstance(element, cst.DictElement))
        return [], {_text_of(each.key): each.value for each in entries if isinstance(each.key, cst.SimpleString)}
    if not isinstance(operand, cst.Tuple):
        return [operand], {}
    operands: list[cst.BaseExpression] = []
    for element in operand.elements:
        if isinstance(element, cst.StarredElement):
            break
        operands.append(element.value)
    return operands, {}


def _format_parts(text: str, arguments: Iterable[cst.Arg], module: SourceModule) -> Iterator[TextPart]:
    arguments = list(arguments)
    by_name = {each.keyword.value: each.value for each in arguments if each.keyword is not None}
    positional = takewhile(lambda each: each.star != "*", (each for each in arguments if each.keyword is None))
    by_name |= {str(index): each.value for index, each in enumerate(positional) if not each.star}
    is_complete = not any(each.star for each in arguments)
    numbers = count()
    for constant, name, spec, conversion in Formatter().parse(text):
        yield constant, True
        if name is None:
            continue
        replaced = re.fullmatch(_REPLACED_NAME, name, re.DOTALL)
        argument, members = ("", "") if replaced is None else (replaced[1], replaced[2])
        node = by_name.get(argument or str(next(numbers)))
        if (node is None and is_complete) or "{" in (spec or ""):
            raise ValueError(text)
        if node is None or members:
            yield f"{{{argument if node is None else module.text(node)}{members}}}", False
        else:
            yield _field(node, module, conversion, spec or "")


def _joined_parts(separator: str, elements: Sequence[cst.BaseElement], module: SourceModule) -> Iterator[TextPart]:
    if any(isinstance(element, cst.StarredElement) for element in elements):
        raise ValueError(separator)  # an unpacked list may be empty
    for index, element in enumerate(elements):
        yield separator if index else "", True
        yield _field(element.value, module, "s", "")


def _field(node: cst.BaseExpression, module: SourceModule, conversion: str | None, spec: str) -> TextPart:
    if isinstance(node, cst.SimpleString | cst.Integer | cst.Float):
        text = format_constant(evaluate_literal(node), conversion, spec)
        if text is not None:
            return text, True
    suffix = f"!{conversion}" if conversion in ("a", "r") else ""
    return f"{{{module.text(node)}{suffix}{':' + spec if spec else ''}}}", False
