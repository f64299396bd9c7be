"""Facts about statements and expressions of Python's own parser: blocks, assignments and effects."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Final, TypeAlias

_PURE_CALLS: Final = frozenset(
    {"str", "len", "repr", "int", "float", "bool", "isinstance", "abs", "min", "max", "round"}
)
_PURE_METHODS: Final = frozenset(
    {"get", "lower", "upper", "strip", "startswith", "endswith", "format", "items", "keys"}
)
_EFFECTS: Final = (ast.Await, ast.NamedExpr, ast.Yield, ast.YieldFrom)
"""The expressions with an effect on the run or on variables, besides calls."""
_READS: Final = (ast.Attribute, ast.Subscript, ast.Call)
SCOPES: Final = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef)
"""The definitions with a scope of their own."""

Block: TypeAlias = list[ast.stmt]


def blocks_of(statement: ast.stmt) -> Iterator[tuple[str, Block]]:
    """Yield the blocks of a statement by field, without those of nested definitions."""
    if not isinstance(statement, SCOPES):
        for name in ("body", "orelse", "finalbody"):
            if block := getattr(statement, name, None):
                yield name, block


def assignment_of(statement: ast.stmt) -> tuple[str, ast.expr] | None:
    """Return the variable and the value of a simple assignment, or None for other statements."""
    match statement:
        case (
            ast.Assign(targets=[ast.Name(id=name)], value=value) | ast.AnnAssign(target=ast.Name(id=name), value=value)
        ):
            return None if value is None else (name, value)
        case _:
            return None


def is_pure(expression: ast.expr) -> bool:
    """Return whether an expression certainly has no effect, and the same value until a statement with an effect."""
    return not any(
        isinstance(each, _EFFECTS) or (isinstance(each, ast.Call) and not _is_pure_call(each))
        for each in ast.walk(expression)
    )


def _is_pure_call(call: ast.Call) -> bool:
    match call.func:
        case ast.Name(id=name):
            return name in _PURE_CALLS
        case ast.Attribute(attr=name):
            return name in _PURE_METHODS
        case _:
            return False


def has_effect(node: ast.AST) -> bool:
    """Return whether a node may change an attribute or an item."""
    if isinstance(node, ast.Attribute | ast.Subscript):
        return not isinstance(node.ctx, ast.Load)
    if isinstance(node, ast.Call):
        return not _is_pure_call(node)
    return isinstance(node, (*_EFFECTS, ast.AugAssign, ast.Delete, ast.With, ast.AsyncWith, ast.AsyncFor))


def may_change(expression: ast.expr) -> bool:
    """Return whether the evaluation of an expression may change an attribute or an item."""
    return any(map(has_effect, ast.walk(expression)))


def reads_parts(value: ast.expr) -> bool:
    """Return whether an expression reads attributes or items, which statements may change."""
    return any(isinstance(each, _READS) for each in ast.walk(value))


def uses_name(expression: ast.expr, name: str) -> bool:
    """Return whether an expression contains a name."""
    return any(isinstance(each, ast.Name) and each.id == name for each in ast.walk(expression))
