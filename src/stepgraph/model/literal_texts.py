"""Names and durations with the literal values of their expressions.

`pack {__0 with __0 = 'box'}` is `pack box`. The texts are those of `Detail.definition`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from stepgraph.model.expressions import DEFINITIONS, defined_values, joined_pieces, normal_expression

_UNKNOWN: Final = "{…}"
"""The text in place of an unknown part of a name."""
_OPEN: Final = "\2"
"""The character before a value that contains definitions."""
_CLOSE: Final = "\3"
"""The character after a value that contains definitions."""
_OPENING: Final = frozenset({"(", "[", "{", _OPEN})
"""The characters that begin a nested part of a value."""
_CLOSING: Final = frozenset({")", "]", "}", _CLOSE})
"""The characters that end a nested part of a value."""
_LITERAL: Final = re.compile(r"""['"]([^'"\\]*)['"]|([0-9]{1,9})""")
"""A string without escape sequences, or a number, whose text in a name is known."""
_VARIABLE: Final = re.compile(r"\b__[0-9]+\b")
"""A variable of definitions."""
_EACH_OF: Final = "<each of ["
"""The text before the values of a variable of a loop over a listed collection."""
_TOKEN: Final = re.compile(r"""'(?:[^'\\]|\\.)*+'|"(?:[^"\\]|\\.)*+"|, |.""", re.DOTALL)
"""A string, a separator or another character in a list of values."""


def nested_definition(value: str) -> str:
    """Return a value that replaces a variable in a definition. A value with definitions is delimited."""
    return f"{_OPEN}{value}{_CLOSE}" if DEFINITIONS in value else value


def literal_pieces(text: str) -> list[str | None]:
    """Return the pieces of a name or duration, with None in place of expressions without a literal value.

    The text has the form of `Detail.definition`: each expression, at an odd index, is between null characters.
    """
    code, values = _defined_values(text)
    pieces = enumerate(code.split("\0"))
    return [_literal_value(_value_of(each, values)) if index % 2 else each for index, each in pieces]


def _value_of(code: str, values: Mapping[str, str]) -> str | None:
    """Return the value of an expression, with the values of its variables if they are literals, or None."""
    if code in values or not values:
        return values.get(code)
    literals = {name: value for name, value in values.items() if _LITERAL.fullmatch(value)}
    value = _VARIABLE.sub(lambda variable: literals.get(variable[0], variable[0]), code)
    return None if value == code else normal_expression(value)


def with_literals(text: str) -> tuple[str, tuple[str, ...]]:
    """Return an expression with the values of its variables that are literals, and the definitions of the others."""
    code, values = _defined_values(text)
    if len(values) == 1 and code in values:
        return with_literals(values[code])
    definitions = tuple(f"{name} = {value}" for name, value in values.items() if not _LITERAL.fullmatch(value))
    return _value_of(code, values) or code, definitions if values else (text.partition(DEFINITIONS)[2],)


def _literal_value(value: str | None) -> str | None:
    """Return the text of a literal value, or of a string that joins values, with `{…}` for unknown ones, or None."""
    literal = None if value is None else _LITERAL.fullmatch(value)
    if value is None or literal is not None:
        return None if literal is None else literal[2] if literal[1] is None else literal[1]
    code, values = _defined_values(value)
    if code in values:
        return _literal_value(values[code])
    pieces = joined_pieces(code)
    if all(is_code for _, is_code in pieces):
        return None
    texts = (_literal_value(values.get(each)) if is_code else each for each, is_code in pieces)
    return "".join(_UNKNOWN if each is None else each for each in texts)


def _defined_values(text: str) -> tuple[str, dict[str, str]]:
    """Return an expression, and the definitions of its variables by name. Ambiguous definitions are omitted."""
    flat, nested = _without_nested(text)
    code, _, definitions = flat.partition(DEFINITIONS)
    if not definitions or DEFINITIONS in definitions:
        return code, {}
    values = enumerate(defined_values(definitions))
    return code, {f"__{number}": nested.get(value, value) for number, value in values}


def _without_nested(text: str) -> tuple[str, dict[str, str]]:
    """Return a text with marks in place of its delimited parts, and these parts by mark."""
    pieces: list[str] = []
    nested: dict[str, str] = {}
    depth = start = 0
    for index, character in enumerate(text) if _OPEN in text else ():
        depth += (character == _OPEN) - (character == _CLOSE)
        if character == _OPEN and depth == 1:
            pieces.append(text[start:index])
            start = index + 1
        elif character == _CLOSE and depth == 0:
            pieces.append(mark := f"{_OPEN}{len(nested)}")
            nested[mark] = text[start:index]
            start = index + 1
    return "".join((*pieces, text[start:])), nested


def partial_text(text: str, expression: str) -> str | None:
    """Return a name or duration with the literal values of its expressions, and the others in braces.

    Unknown parts of a value are `{…}`. The text has the form of `Detail.definition`, and `expression` is the one of the
    payload. Return None without any literal value.
    """
    pieces, parts = literal_pieces(text), [part for part, _ in braced_parts(expression)]
    if all(piece is None for piece in pieces[1::2]):
        return None
    if None not in pieces:
        return "".join(piece or "" for piece in pieces)
    if len(pieces) != len(parts):
        return None
    return "".join(f"{{{part}}}" if piece is None else piece for piece, part in zip(pieces, parts, strict=True))


def braced_parts(name: str) -> Iterator[tuple[str, bool]]:
    """Yield the texts of a name outside and inside of its outermost braces, and whether they are inside.

    The text after an unclosed brace counts as inside, unless no expression can end in it.
    """
    depth = start = opening = 0
    for index, character in enumerate(name):
        if character == "{":
            opening = opening if depth else index
            depth += 1
        elif character == "}" and depth:
            depth -= 1
            if depth == 0:
                yield name[start:opening], False
                yield name[opening + 1 : index], True
                start = index + 1
    if depth and "}" in name[opening:]:
        yield name[start:opening], False
        yield name[opening + 1 :], True
        start = len(name)
    yield name[start:], False


def element_texts(text: str, expression: str) -> Sequence[str]:
    """Return the names that a text has in the passes of a loop over listed values, or none if one is unknown.

    The text and the expression are those of `partial_text`.
    """
    match _element_lists(text):
        case [(listed, values)]:
            texts = [partial_text(text.replace(listed, each), expression) for each in values]
            return [each for each in texts if each is not None] if None not in texts else ()
        case _:
            return ()


def changed_passes(before: str, after: str, order: Sequence[int]) -> Sequence[int] | None:
    """Return the indexes of the passes of a loop over listed values in which two texts have other values.

    `order` contains the index of the new pass for each old one. Return None if the texts differ in other parts, or in
    the number of passes.
    """
    lists = [_element_lists(each) for each in (before, after)]
    for listed, _ in lists[0]:
        before = before.replace(listed, _EACH_OF)
    for listed, _ in lists[1]:
        after = after.replace(listed, _EACH_OF)
    counts = {len(values) for _, values in (*lists[0], *lists[1])}
    if counts != {len(order)} or before != after:
        return None
    old, new = ([*zip(*(values for _, values in each), strict=True)] for each in lists)
    return [index for index, moved in enumerate(order) if old[index] != new[moved]]


def text_in_pass(text: str, index: int) -> str:
    """Return a text with the values that the variables of loops over listed values have in a pass."""
    for listed, values in _element_lists(text):
        text = text.replace(listed, values[index])
    return text


def _element_lists(text: str) -> Sequence[tuple[str, Sequence[str]]]:
    """Return the definitions of variables of loops over listed values in a text, each with the values."""
    lists: list[tuple[str, Sequence[str]]] = []
    start = text.find(_EACH_OF)
    while start >= 0:
        values, end = _listed_values(text, start + len(_EACH_OF))
        if text.startswith(">", end):
            lists.append((text[start : end + 1], values))
        start = text.find(_EACH_OF, end)
    return lists


def _listed_values(text: str, start: int) -> tuple[Sequence[str], int]:
    """Return the values in a list, and the index after its closing bracket."""
    values: list[str] = []
    depth, position = 0, start
    while (token := _TOKEN.match(text, position)) is not None and depth >= 0:
        position = token.end()
        if token[0] in _OPENING:
            depth += 1
        elif token[0] in _CLOSING:
            depth -= 1
        if depth < 0 or (depth == 0 and token[0] == ", "):
            values.append(text[start : token.start()])
            start = position
    return values, position
