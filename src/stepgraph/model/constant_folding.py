"""Evaluation of the parts of an expression that depend on constants only.

`"charge card" or name` is `"charge card"`, and `"charge_card".replace("_", " ")` is the same string. An item of a
literal dictionary is the value of its key.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence
from typing import Final

_MAX_CHARACTERS: Final = 200
"""The maximum length of a string whose method is evaluated, and of its result."""
_METHODS: Final = frozenset(
    {"capitalize", "casefold", "lower", "lstrip", "removeprefix", "removesuffix", "replace", "rstrip", "strip"}
    | {"swapcase", "title", "upper"}
)
"""The methods of strings that return a string, which is not longer than the product of its inputs."""
_FOLDABLE: Final = re.compile(r"""\b(?:and|if|is|or)\b|['"}][\s)]*\.|}[\s)]*\[""")
"""An operator whose operands may be constants, or the end of a string or dictionary before a method or key."""


def may_fold(code: str) -> bool:
    """Return whether `fold_constants` may change the code of an expression."""
    return _FOLDABLE.search(code) is not None


def fold_constants(expression: ast.expr) -> ast.expr:
    """Return an expression with constants in place of the parts that have the same value in every run.

    The expression is changed. Raises RecursionError for deeply nested code.
    """
    folded: ast.expr = _ConstantFolder().visit(expression)
    return folded


class _ConstantFolder(ast.NodeTransformer):
    """Replaces operations on constants, innermost first."""

    def visit_BoolOp(self, node: ast.BoolOp) -> ast.expr:
        self.generic_visit(node)
        ends_with = isinstance(node.op, ast.Or)
        remaining: list[ast.expr] = []
        for index, value in enumerate(node.values):
            is_last = index == len(node.values) - 1
            if is_last or not isinstance(value, ast.Constant):
                remaining.append(value)
            elif bool(value.value) is ends_with:
                remaining.append(value)
                break
        node.values = remaining
        return remaining[0] if len(remaining) == 1 else node

    def visit_IfExp(self, node: ast.IfExp) -> ast.expr:
        self.generic_visit(node)
        if not isinstance(node.test, ast.Constant):
            return node
        return node.body if node.test.value else node.orelse

    def visit_Compare(self, node: ast.Compare) -> ast.expr:
        self.generic_visit(node)
        match node:
            case ast.Compare(ast.Constant(left), [ast.Is() | ast.IsNot() as operator], [ast.Constant(None)]):
                return ast.Constant((left is None) is isinstance(operator, ast.Is))
            case _:
                return node

    def visit_Call(self, node: ast.Call) -> ast.expr:
        self.generic_visit(node)
        match node:
            case ast.Call(ast.Attribute(ast.Constant(str(text)), method), arguments, []) if method in _METHODS:
                return _called(text, method, arguments) or node
            case ast.Call(ast.Attribute(ast.Dict() as items, "get"), [key], []):
                return _item(items, key, ast.Constant(None)) or node
            case ast.Call(ast.Attribute(ast.Dict() as items, "get"), [key, default], []):
                return _item(items, key, default) or node
            case _:
                return node

    def visit_Subscript(self, node: ast.Subscript) -> ast.expr:
        self.generic_visit(node)
        match node:
            case ast.Subscript(ast.Dict() as items, key):
                return _item(items, key, None) or node
            case _:
                return node


def _item(items: ast.Dict, key: ast.expr, default: ast.expr | None) -> ast.expr | None:
    """Return the value of a literal key in a dictionary of constants, or the default without such a key."""
    constants = [each.value for each in items.keys if isinstance(each, ast.Constant)]
    is_plain = all(isinstance(each, ast.Constant) for each in items.values)
    if not isinstance(key, ast.Constant) or len(constants) < len(items.keys) or not is_plain:
        return None
    values = (value for constant, value in zip(constants, items.values, strict=True) if constant == key.value)
    return [default, *values][-1]


def _called(text: str, method: str, arguments: Sequence[ast.expr]) -> ast.Constant | None:
    """Return the result of a method of a string. Return None if it is long, or an argument is not a literal string."""
    values = [each.value for each in arguments if isinstance(each, ast.Constant) and isinstance(each.value, str)]
    if len(values) < len(arguments) or any(len(each) > _MAX_CHARACTERS for each in (text, *values)):
        return None
    try:
        result = getattr(text, method)(*values)
    except TypeError:
        return None
    return ast.Constant(result) if len(result) <= _MAX_CHARACTERS else None
