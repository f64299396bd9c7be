"""The words of expressions: the last name, attribute or key that they read."""

from __future__ import annotations

import ast
from collections.abc import Iterator

ITEM = "[]"
"""Suffix for the word of a collection's items."""

LENGTH = "#"
"""Prefix for the word of a collection's length."""

_GETTERS = ("get", "pop", "setdefault")


def words(expression: ast.expr | None) -> Iterator[str]:
    """Yield the words of the possible values of an expression."""
    match expression:
        case ast.Name(id=word) | ast.Attribute(attr=word):
            yield word
        case ast.Await(value=value) | ast.Starred(value=value):
            yield from words(value)
        case ast.Call(func=ast.Name(id="len"), args=[value]):
            yield from (LENGTH + word for word in words(value))
        case ast.Call(func=ast.Attribute(attr=name), args=[ast.Constant(value=str(word)), *_]) if name in _GETTERS:
            yield word
        case ast.Call(func=ast.Name() | ast.Attribute() as called):
            yield from words(called)
        case ast.Subscript(slice=ast.Constant(value=str(word))):
            yield word
        case ast.Subscript(value=value, slice=ast.Slice()):
            yield from words(value)
        case ast.Subscript(value=value):
            yield from (word + ITEM for word in words(value))
        case ast.BoolOp(values=values):
            yield from (word for value in values for word in words(value))
        case ast.BinOp(left=left, right=right):
            yield from words(left)
            yield from words(right)
        case ast.IfExp(body=body, orelse=orelse):
            yield from words(body)
            yield from words(orelse)
        case ast.NamedExpr(target=target, value=value):
            yield from words(target)
            yield from words(value)
